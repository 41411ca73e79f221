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
/** `until` of test/support asks until the answer is the one hoped for, and fails in vain. */
const ASSERTION = /^(expect|assert|until$)/;

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

const isCase = (node) =>
  CASE.test(nameOf(node.callee, 'first')) && node.arguments.some((argument) => 'body' in argument);

const functionName = (node) => {
  if (node.id) return node.id.name;
  return node.parent.type === 'VariableDeclarator' ? node.parent.id.name : undefined;
};

/** Whether anything called from here, directly or through functions of the same file, asserts. */
const reachesAssertion = (calls, callsOf, seen = new Set()) =>
  [...calls].some((name) => {
    if (ASSERTION.test(name)) return true;
    if (seen.has(name)) return false;
    seen.add(name);
    return reachesAssertion(callsOf.get(name) ?? [], callsOf, seen);
  });

/** A test that expects nothing passes whatever the server does. */
const asserts = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { missing: 'This test expects nothing: it cannot fail for what the server does.' },
  },
  create: (context) => {
    const tests = [];
    const callsOf = new Map();
    const open = [];

    const openScope = (node, calls) => open.push({ node, calls });
    const closeScope = (node) => {
      if (open.at(-1)?.node === node) open.pop();
    };
    const openFunction = (node) => {
      const name = functionName(node);
      if (name === undefined) return;
      const calls = callsOf.get(name) ?? new Set();
      callsOf.set(name, calls);
      openScope(node, calls);
    };

    return {
      ':function': openFunction,
      ':function:exit': closeScope,
      CallExpression(node) {
        for (const { calls } of open) {
          calls.add(nameOf(node.callee, 'first')).add(nameOf(node.callee, 'last'));
        }
        if (!isCase(node)) return;
        const calls = new Set();
        tests.push({ node, calls });
        openScope(node, calls);
      },
      'CallExpression:exit': closeScope,
      'Program:exit'() {
        for (const { node, calls } of tests) {
          if (!reachesAssertion(calls, callsOf)) context.report({ node, messageId: 'missing' });
        }
      },
    };
  },
};

export const parlor = { meta: { name: 'parlor' }, rules: { paths, asserts } };
