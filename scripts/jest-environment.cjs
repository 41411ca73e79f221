/**
 * Where tests run: in Node's own realm, as the server does in production.
 *
 * Jest's own environment gives each file a realm in which every global name costs half a microsecond, and in which
 * nothing that another file has loaded can be used. What is replaced here for a file is given back behind it.
 */
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

/** Where packages keep what decorators have said about the classes of a file: those are gone with the file. */
const STORES = ['typeormMetadataArgsStorage', 'classValidatorMetadataStorage'];

/** Jest's own code looks for these under these names. */
Object.defineProperties(globalThis, {
  [Symbol.for('jest-native-promise')]: { value: Promise },
  [Symbol.for('jest-native-now')]: { value: Date.now.bind(Date) },
});

module.exports = class OwnRealm {
  constructor({ projectConfig }) {
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.before = { console: globalThis.console, exit: process.exit };
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
    globalThis.console = this.before.console;
    process.exit = this.before.exit;
    for (const store of STORES) delete globalThis[store];
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** Jest wants to see one. The runtime beside this file does not use it. */
  getVmContext() {
    return globalThis;
  }
};
