import { expect } from '@jest/globals';
import type { Problem } from './frames.js';
import type { Answer } from './rest-client.js';

/** Every error of REST has this shape (RFC 9457), whatever went wrong and wherever. */
export function expectProblem(answer: Answer<unknown>, status: number, code: string): Problem {
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status, body: { status, code } });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  expect(answer.body).toEqual(
    expect.objectContaining({
      type: expect.any(String),
      title: expect.stringMatching(/./),
      detail: expect.stringMatching(/./),
    }),
  );
  expect(answer.text).not.toMatch(/node_modules|SQLITE_|\bat .*\.[jt]s:\d/);
  return answer.body as Problem;
}

/** Wrong input is 422, and each bad field is named. */
export function expectWrongFields(answer: Answer<unknown>, ...fields: string[]): void {
  const { errors = [] } = expectProblem(answer, 422, 'invalid_input');
  expect(errors.map((error) => error.field).sort()).toEqual([...fields].sort());
  for (const error of errors) expect(error.message).toMatch(/./);
}
