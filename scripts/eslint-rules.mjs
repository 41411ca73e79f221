/** Rules of this code base that no published plugin has; eslint.config.js says where each of them holds. */

import { basename, dirname, relative, sep } from 'node:path';

const BANNED_FOLDERS = new Set(['utils', 'util', 'common', 'shared', 'helpers', 'helper']);

/** Folders are named after what they know, and nothing is re-exported from an index file. */
const paths = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      folder: 'A folder called "{{name}}" attracts everything: name it after what it knows.',
      barrel: 'No barrels: import from the file that declares the thing.',
    },
  },
  create: (context) => ({
    Program(node) {
      const path = relative(context.cwd, context.filename);
      const name = dirname(path)
        .split(sep)
        .find((folder) => BANNED_FOLDERS.has(folder));
      if (name !== undefined) context.report({ node, messageId: 'folder', data: { name } });
      if (/^index\.[cm]?[jt]s$/.test(basename(path))) context.report({ node, messageId: 'barrel' });
    },
  }),
};

const CASE = /^(it|test)$/;
const ASSERTION = /^(expect|assert)/;

/** `it` of `it(...)`, `it.each(...)(...)` and `test.concurrent(...)`; the last name of `fc.assert(...)`. */
const nameOf = (callee, end) => {
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type === 'MemberExpression') {
    return end === 'first' || callee.computed ? nameOf(callee.object, end) : callee.property.name;
  }
  if (callee.type === 'CallExpression') return nameOf(callee.callee, end);
  if (callee.type === 'TaggedTemplateExpression') return nameOf(callee.tag, end);
  return '';
};

/** A test that expects nothing passes whatever the server does. */
const asserts = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { missing: 'This test expects nothing: it cannot fail for what the server does.' },
  },
  create: (context) => {
    const open = [];
    const isCase = (node) =>
      CASE.test(nameOf(node.callee, 'first')) && node.arguments.some((argument) => 'body' in argument);
    return {
      CallExpression(node) {
        if (isCase(node)) open.push({ node, asserted: false });
        const asserted =
          ASSERTION.test(nameOf(node.callee, 'first')) || ASSERTION.test(nameOf(node.callee, 'last'));
        if (asserted) for (const test of open) test.asserted = true;
      },
      'CallExpression:exit'(node) {
        if (open.at(-1)?.node !== node) return;
        if (!open.pop().asserted) context.report({ node, messageId: 'missing' });
      },
    };
  },
};

export const parlor = { meta: { name: 'parlor' }, rules: { paths, asserts } };
