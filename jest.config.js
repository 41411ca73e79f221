/** Jest runs the TypeScript sources as ES modules; see package.json for the Node flag that needs. */
export default {
  testEnvironment: 'node',
  // Milliseconds, for machines that do something else as well: nothing waits for them where all is well.
  testTimeout: 60_000,
  // Servers of tests share nothing, so every core has its own.
  maxWorkers: '100%',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  collectCoverageFrom: ['src/**/*.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'html'],
};
