import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import { defineConfig } from 'eslint/config';
import { join } from 'node:path';
import tseslint from 'typescript-eslint';
import { parlor } from './scripts/eslint-rules.mjs';

/**
 * The dependency rule: a folder of src/ imports itself and the folders named here, nothing else. Files that
 * stand directly in src/ put the application together and may import all. A new folder needs a line here.
 */
const MAY_IMPORT = {
  errors: [],
  identity: [],
  config: [],
  protocol: ['errors'],
  database: ['config', 'errors'],
  audit: ['config', 'database', 'errors', 'identity', 'protocol'],
  connections: ['audit', 'config', 'database', 'errors', 'identity', 'protocol'],
  users: ['audit', 'config', 'database', 'errors', 'identity', 'protocol'],
  auth: ['users', 'connections', 'audit', 'config', 'database', 'errors', 'identity', 'protocol'],
  rooms: ['users', 'connections', 'audit', 'config', 'database', 'errors', 'identity', 'protocol'],
  messages: [
    'rooms',
    'users',
    'connections',
    'audit',
    'config',
    'database',
    'errors',
    'identity',
    'protocol',
  ],
  http: ['connections', 'protocol', 'errors', 'config', 'identity'],
  health: ['connections', 'database', 'errors', 'identity', 'protocol'],
  move: ['config', 'database'],
};
const FOLDERS = Object.keys(MAY_IMPORT);

/** Where bytes from outside become typed values: the only files that may cast with `as`. */
const PARSING = [
  '**/*.parser.ts',
  'src/protocol/frame-parser.ts',
  'src/config/*.ts',
  // Here a test names the answer that it hopes for; its expectations then check it.
  'test/support/{rest-client,socket-client,problems,forged-tokens}.ts',
];

const TYPESCRIPT = ['src/**/*.ts', 'test/**/*.ts', 'demo/**/*.ts', 'bench/**/*.ts'];

const NODE_GLOBALS = [
  'AbortSignal',
  'Buffer',
  'URLSearchParams',
  'clearTimeout',
  'console',
  'fetch',
  'process',
  'setTimeout',
];

const FORWARD_REF = {
  name: '@nestjs/common',
  importNames: ['forwardRef'],
  message: 'A circle between modules is a design to change, not to forward.',
};
const HTTP_EXCEPTION = {
  group: ['@nestjs/common', '@nestjs/websockets'],
  importNamePattern: 'Exception$',
  message: 'A service throws AppError(code); the filters translate it.',
};
const TIMERS = {
  group: ['timers', 'timers/*', 'node:timers', 'node:timers/*'],
  message: 'Tests wait for what happens, not for time to pass.',
};

const NO_FORWARD_REF = {
  selector: 'CallExpression[callee.name="forwardRef"], MemberExpression[property.name="forwardRef"]',
  message: FORWARD_REF.message,
};
const NO_RE_EXPORT = {
  selector: 'ExportAllDeclaration, ExportNamedDeclaration[source]',
  message: 'No barrels: import from the file that declares the thing.',
};
const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
  message: 'One name everywhere: export by name.',
};

/** What a test may not do, as selectors of its syntax. */
const NO_SLEIGHT_OF_HAND = [
  {
    selector:
      'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip|todo|failing)$/], ' +
      'CallExpression[callee.name=/^(xit|xtest|xdescribe|fit|fdescribe)$/]',
    message: 'Every test runs, always.',
  },
  {
    selector:
      'CallExpression[callee.name="expect"] > .arguments:matches(Literal, TemplateLiteral[expressions.length=0])',
    message: 'An assertion about a constant cannot fail.',
  },
  {
    selector: 'ExpressionStatement > CallExpression[callee.name="expect"]',
    message: 'expect(...) without a matcher checks nothing.',
  },
  {
    selector:
      'CallExpression[callee.name="setTimeout"][arguments.0.name=/^(resolve|r|res|done|ok)$/], ' +
      'CallExpression[callee.name="setTimeout"] > ArrowFunctionExpression.arguments CallExpression[callee.name=/^(resolve|r|res|done|ok)$/]',
    message: TIMERS.message,
  },
];

export default defineConfig(
  {
    ignores: [
      'dist/',
      'dist-demo/',
      'dist-faults/',
      'dist-bench/',
      'bench/peers/dist/',
      'bench/.cache/',
      'coverage/',
      '**/node_modules/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    plugins: { parlor },
    rules: {
      'parlor/paths': 'error',
      'max-lines': ['error', { max: 300 }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])),
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', exports: 'writable', module: 'writable' },
    },
  },
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
      // A module class of Nest is empty by nature; any other class without members is a function in disguise.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // An implementation of an asynchronous port may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-restricted-imports': ['error', { paths: [FORWARD_REF] }],
      'no-restricted-syntax': ['error', NO_FORWARD_REF, NO_RE_EXPORT, NO_DEFAULT_EXPORT],
    },
  },
  {
    files: PARSING,
    rules: {
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' },
      ],
    },
  },
  {
    files: ['src/**/*.service.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [FORWARD_REF], patterns: [HTTP_EXCEPTION] }] },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { [join(import.meta.dirname, 'scripts/eslint-resolver.cjs')]: {} },
      'boundaries/root-path': import.meta.dirname,
      'boundaries/legacy-templates': false,
      'boundaries/elements': FOLDERS.map((folder) => ({
        type: folder,
        pattern: `src/${folder}`,
        partialMatch: false,
      })),
      'boundaries/files': [{ category: 'root', pattern: 'src/*.ts' }],
      // `import('./x.js').X` in a type is an import too.
      'boundaries/additional-dependency-nodes': [
        { selector: 'TSImportType Literal', kind: 'type', name: 'import-type' },
      ],
    },
    rules: {
      'max-lines-per-function': ['error', { max: 60 }],
      'boundaries/no-unknown-files': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          checkUnknownLocals: true,
          message: 'This file may not import {{ dependency.source }}: see MAY_IMPORT in eslint.config.js.',
          policies: [
            ...FOLDERS.map((folder) => ({
              from: { element: { type: folder } },
              allow: { to: { element: { types: { anyOf: MAY_IMPORT[folder] } } } },
            })),
            {
              from: { file: { categories: 'root' } },
              allow: [
                { to: { element: { types: { anyOf: FOLDERS } } } },
                { to: { file: { categories: 'root' } } },
              ],
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        NO_FORWARD_REF,
        NO_RE_EXPORT,
        NO_DEFAULT_EXPORT,
        ...NO_SLEIGHT_OF_HAND,
      ],
    },
  },
  { files: ['test/**/*.spec.ts'], rules: { 'parlor/asserts': 'error' } },
  {
    files: ['test/e2e/**/*.ts', 'test/contract/**/*.ts', 'test/conformance/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        {
          globals: ['setTimeout', 'setInterval'].map((name) => ({ name, message: TIMERS.message })),
          checkGlobalObject: true,
        },
      ],
      'no-restricted-imports': ['error', { paths: [FORWARD_REF], patterns: [TIMERS] }],
    },
  },
);
