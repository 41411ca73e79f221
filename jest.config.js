/** Jest runs the TypeScript sources as ES modules; see package.json for the Node flag that needs. */
export default {
  // Packages are loaded once: docs/decisions/0022-tests-load-packages-once.md
  testEnvironment: '<rootDir>/scripts/jest-environment.cjs',
  runtime: '<rootDir>/scripts/jest-runtime.cjs',
  // Tests import what they use of Jest.
  injectGlobals: false,
  // Milliseconds, for machines that do something else as well: nothing waits for them where all is well.
  testTimeout: 60_000,
  // Servers of tests share nothing, so every core has its own.
  maxWorkers: '100%',
  // What a file has loaded never quite goes: a worker that holds this much begins again, which takes two seconds.
  workerIdleMemoryLimit: '800MB',
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
