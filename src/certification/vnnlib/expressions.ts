/** S-expressions, as SMT-LIB and VNN-LIB files are made of them. */
import { UserError } from '../../errors.ts';

export type Expression = string | readonly Expression[];

/** More than any property needs. */
const MAX_DEPTH = 64;

export function badProperty(line: number, problem: string): UserError {
  return new UserError('bad-property', `VNN-LIB, line ${line}: ${problem}`, {
    hint: 'properties are boxes of inputs X_i and an "or" of "and"s of comparisons of outputs Y_j',
  });
}

/** An expression and the line that it begins in. */
export interface Statement {
  readonly line: number;
  readonly expression: Expression;
}

/**
 * The top-level expressions of a text; comments (from `;` on) left out.
 * @throws UserError `bad-property`
 */
export function parseStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  const open: Expression[][] = [];
  let line = 1;
  let began = 1;
  for (const [token] of text.matchAll(/\n|;[^\n]*|[()]|[^\s();]+/g)) {
    if (token === '\n') line++;
    else if (token === '(') {
      if (open.length === 0) began = line;
      if (open.push([]) > MAX_DEPTH) throw badProperty(line, 'parentheses are nested too deeply');
    } else if (token === ')') {
      const closed = open.pop();
      if (closed === undefined)
        throw badProperty(line, 'a parenthesis is closed that was not opened');
      const parent = open.at(-1);
      if (parent) parent.push(closed);
      else statements.push({ line: began, expression: closed });
    } else if (token[0] !== ';') {
      const parent = open.at(-1);
      if (parent === undefined)
        throw badProperty(line, `"${token.slice(0, 40)}" stands outside of parentheses`);
      parent.push(token);
    }
  }
  if (open.length > 0) throw badProperty(began, 'a parenthesis is not closed');
  return statements;
}
