/**
 * How tests are loaded: sources and tests by Jest, anew for each file; packages by Node, once for all files.
 *
 * Jest loads everything anew for each file. With Nest, TypeORM and the rest that is 1,500 modules and two seconds, for each of
 * more than a hundred files; and as none of them ever goes, counting what is covered took longer with each file, until it took
 * longer than the tests.
 *
 * This reaches into parts of jest-runtime that are not public, so its version is exact, and
 * `test/contract/test-realm.spec.ts` says when it has no effect any more.
 */
const { Session } = require('node:inspector');
const { isBuiltin } = require('node:module');
const { promisify } = require('node:util');
const { compileFunction, SyntheticModule } = require('node:vm');
const { default: JestRuntime } = require('jest-runtime');

const packages = new Map();

const isPackage = (specifier) =>
  !/^(\.|\/|\w+:)/.test(specifier) && specifier !== '@jest/globals' && !isBuiltin(specifier);

/** The package as Node loads it, with its exports as a module that sources can be linked with. */
const importPackage = async (specifier) => {
  const exported = await import(specifier);
  const names = Object.keys(exported);
  const module = new SyntheticModule(
    names,
    function giveThem() {
      for (const name of names) this.setExport(name, exported[name]);
    },
    { identifier: specifier },
  );
  // Newer versions of Node link it when it is made.
  if (module.status === 'unlinked') await module.link(() => undefined);
  await module.evaluate();
  return module;
};

const packageOnce = (specifier) => {
  const known = packages.get(specifier) ?? importPackage(specifier);
  packages.set(specifier, known);
  return known;
};

let ask;
/**
 * Counts what is covered for as long as this process lives. Jest would begin again with each file, and read what is
 * known of every function of every package: a second for each file. Asked once more, V8 tells what has run since.
 */
const counter = {
  startInstrumenting: async () => {
    if (ask !== undefined) return counter.stopInstrumenting();
    const session = new Session();
    session.connect();
    ask = promisify(session.post.bind(session));
    await ask('Profiler.enable');
    return ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  },
  stopInstrumenting: async () => (await ask('Profiler.takePreciseCoverage')).result,
};

module.exports = class Runtime extends JestRuntime {
  constructor(...args) {
    super(...args);
    const { esmLoader, executor, _resolution: resolution } = this;

    // No context means Node's own.
    esmLoader.getContext = () => undefined;
    executor.compile = (source, filename) =>
      compileFunction(source, executor.injectedModuleParameters, {
        filename,
        importModuleDynamically: (specifier, _, attributes) =>
          esmLoader.dynamicImportFromCjs(specifier, filename, undefined, attributes),
      });

    // With newer versions of Node, Jest would load without asking what is replaced here.
    resolution.canResolveSync = () => false;
    const resolve = esmLoader.resolveModule.bind(esmLoader);
    esmLoader.resolveModule = (specifier, ...rest) =>
      isPackage(specifier) ? packageOnce(specifier) : resolve(specifier, ...rest);
  }

  async collectV8Coverage() {
    this.v8Coverage.instrumenter = counter;
    this.v8Coverage.sources = new Map();
    await counter.startInstrumenting();
  }
};
