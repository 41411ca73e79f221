import { OPCODE } from '../support/raw-socket.js';
import { answered, close, closed, frame, more, ping, text, textBack, type Case } from './case.js';

const HELLO = 'Hello World!';
const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const INVALID = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const NO_UTF8 = Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex');

/** Group 7 without 7.1.6, which says nothing about what is right. */
export const CLOSE_CASES: Case[] = [
  answered('7.1.1', 'a text, then goodbye', [text(HELLO)], textBack(HELLO)),
  closed('7.1.2', 'goodbye twice', 1000, [Buffer.concat([close(1000), frame(OPCODE.close)])]),
  closed('7.1.3', 'a ping after goodbye', 1000, [Buffer.concat([close(1000), ping()])]),
  closed('7.1.4', 'a text after goodbye', 1000, [Buffer.concat([close(1000), text(HELLO)])]),
  closed('7.1.5', 'goodbye within a message, and the rest of it', 1000, [
    Buffer.concat([text('fragment1', { fin: false }), close(1000), more('fragment2')]),
  ]),
  closed('7.3.1', 'an empty close frame', 1005, [frame(OPCODE.close)]),
  closed('7.3.2', 'a close frame of one byte', 1002, [frame(OPCODE.close, 'a')]),
  closed('7.3.3', 'a code', 1000, [close(1000)]),
  closed('7.3.4', 'a code and a reason', 1000, [close(1000, HELLO)]),
  closed('7.3.5', 'a reason of 123 bytes', 1000, [close(1000, '*'.repeat(123))]),
  closed('7.3.6', 'a reason of 124 bytes', 1002, [close(1000, '*'.repeat(124))]),
  closed('7.5.1', 'a reason that is no UTF-8', 1007, [close(1000, NO_UTF8)]),
  ...VALID.map((code, index) => closed(`7.7.${index + 1}`, `code ${code}`, code, [close(code)])),
  ...INVALID.map((code, index) => closed(`7.9.${index + 1}`, `code ${code}`, 1002, [close(code)])),
  closed('7.13.1', 'code 5000', 1002, [close(5000)]),
  closed('7.13.2', 'code 65535', 1002, [close(65_535)]),
];
