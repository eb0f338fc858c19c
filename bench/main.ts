/**
 * What irqlab costs and what it is worth beside its peers.
 *
 *   npm run bench -- [--quick] [--json FILE] [--format json] [--reference]
 *
 * Subjects that are compared run in turn, so that a drift of the machine's speed meets all alike, and count their CPU time; medians
 * are printed. Ratios stand beside those of bench/reference.json, which `--reference` writes. No test depends on these figures.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkerFigures } from './checker.js';
import { quick, thorough } from './cost.js';
import { endToEndFigures } from './endToEnd.js';
import { lapicFigures } from './lapic.js';
import { coldStartFigures, sizeFigures } from './package.js';
import { translate } from './peer/translate.js';
import { remapFigures } from './remap.js';
import { formatTable, jsonOf, referenceOf, type Reference, type Table } from './report.js';
import { translatedFigures } from './translated.js';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    format: { type: 'string', default: 'text' },
    reference: { type: 'boolean', default: false },
  },
});
if (!['text', 'json'].includes(flags.format)) throw new RangeError(`unknown format ${flags.format}; write text or json`);
if (flags.reference && flags.quick) throw new RangeError('--quick does not measure all that a reference holds; leave one of them out');

const effort = flags.quick ? quick : thorough;
const file = fileURLToPath(new URL('../../bench/reference.json', import.meta.url));
const reference: Reference = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Reference) : {};

async function* figures(): AsyncGenerator<Table> {
  // the compilers work beside what is not compared with them
  const translating = translate();
  yield sizeFigures();
  yield await coldStartFigures(effort);
  yield* endToEndFigures(effort);
  yield* lapicFigures(effort);
  yield remapFigures(effort);
  yield* checkerFigures(effort);
  yield translatedFigures(effort, await translating);
}

const tables: Table[] = [];
for await (const table of figures()) {
  tables.push(table);
  if (flags.format === 'text') process.stdout.write(`${formatTable(table, reference)}\n`);
}
const json = jsonOf(tables, flags.quick);
if (flags.format === 'json') process.stdout.write(json);
if (flags.json !== undefined) writeFileSync(flags.json, json);
if (flags.reference) writeFileSync(file, `${JSON.stringify(referenceOf(tables), undefined, 2)}\n`);
