import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { indexPage, pageOf } from '../../scripts/attack-docs.ts';
import { ATTACKS } from '../../src/attacks/index.ts';

const page = (name: string) => readFileSync(`docs/attacks/${name}.md`, 'utf8');

test('every attack has its page, made by npm run docs:attacks', () => {
  assert.equal(page('README'), indexPage());
  for (const attack of ATTACKS) assert.equal(page(attack.name), pageOf(attack), attack.name);
  assert.equal(readdirSync('docs/attacks').length, ATTACKS.length + 1);
});

test('every page says paper, threat, cost and when the attack fails', () => {
  for (const { name } of ATTACKS) {
    for (const part of [
      /\*\*Papers?\.\*\*/,
      /\*\*Threat\.\*\*/,
      /\*\*Cost\.\*\*/,
      /\*\*Fails\.\*\*/,
    ]) {
      assert.match(page(name), part, name);
    }
  }
});
