/** Circles, files nobody needs, and packages that are used but not declared. Folders: eslint.config.js. */

const TRANSPORT = '\\.(controller|gateway)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one file, or lack a third. Imports of types count.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing imports this file and it imports nothing.',
      severity: 'error',
      from: { orphan: true, path: '^(src|demo|bench|test/(support|contract))/' },
      to: {},
    },
    {
      name: 'src-stands-alone',
      comment: 'What is shipped knows neither its tests nor its demonstration nor what measures it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|demo|bench|scripts)/' },
    },
    {
      name: 'demo-without-tests',
      severity: 'error',
      from: { path: '^(demo|bench)/' },
      to: { path: '^test/' },
    },
    {
      name: 'transports-are-private',
      comment: 'A controller or gateway is called by the framework only; what others need is its service.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.module\\.ts$' },
      to: { path: TRANSPORT },
    },
    {
      name: 'transports-belong-to-their-module',
      severity: 'error',
      from: { path: '^src/([^/]+)/.+\\.module\\.ts$' },
      to: { path: TRANSPORT, pathNot: '^src/$1/' },
    },
    {
      name: 'no-dev-dependencies-in-src',
      comment: 'What is shipped runs after `npm ci --omit=dev`.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
    {
      name: 'declared-packages-only',
      comment: 'A package that comes along with another one may leave with it: declare it.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-optional', 'undetermined'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The peers and the chart have packages of their own, which are there only once the bench has run.
    exclude: { path: '^(dist|coverage|bench/(peers|chart))/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
