/**
 * Tells eslint-plugin-boundaries which file an import means.
 *
 * Sources import `./x.js` where the file is `./x.ts` (what nodenext asks for); the plugin's own resolver
 * knows nothing of that, and would let every such import pass as unknown. CommonJS, because the plugin
 * loads resolvers with `require`.
 */
const { existsSync } = require('node:fs');
const { builtinModules } = require('node:module');
const { dirname, resolve } = require('node:path');

exports.interfaceVersion = 2;

exports.resolve = (source, file) => {
  if (source.startsWith('node:') || builtinModules.includes(source)) return { found: true, path: null };
  if (!source.startsWith('.')) return { found: false };
  const target = resolve(dirname(file), source);
  const path = [target.replace(/\.js$/, '.ts'), target].find(existsSync);
  return path === undefined ? { found: false } : { found: true, path };
};
