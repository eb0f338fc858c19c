/** `irqlab merge`: the files of a campaign's shards made one. */
import type { Command } from 'commander';
import { mergeCampaigns, seedsText, type Merged } from '../campaign/index.js';
import { asInputError } from './campaign.js';
import { formatOption } from './options.js';
import { count, Exit, field, headline, plural, print, printJson, type Format } from './output.js';
import { figuresText, kindsText, kindsJson, verdictText } from './tallied.js';

interface MergeOptions {
  readonly out?: string;
  readonly format: Format;
}

/** Files that lack something, told one by one. */
const TOLD = 5;

function missingText({ of, runs, missing, unfinished }: Merged): string[] {
  if (runs === of) return [];
  const ranges = missing.map(([first, last]) => (first === last ? `${first}` : `${first}..${last}`)).join(', ');
  const more = missing.reduce((n, [first, last]) => n + last - first + 1, 0) < of - runs ? ' and others' : '';
  return [
    ...field('missing', `${count(of - runs)} of ${plural(of, 'seed')}: ${ranges}${more}`),
    ...unfinished
      .slice(0, TOLD)
      .flatMap(({ file, seeds, runs: there, of: all }) => field('', `${file} has ${count(there)} of ${count(all)}, ${seedsText(seeds)}`)),
    ...(unfinished.length > TOLD ? field('', `and ${count(unfinished.length - TOLD)} more files that are not finished`) : []),
  ];
}

export function addMerge(program: Command): void {
  program
    .command('merge')
    .argument('<file...>', 'files that irqlab campaign wrote, of shards or of other seeds of one campaign')
    .summary('make one of the files of a campaign')
    .description(
      'Adds up the files of the shards of a campaign, or of several ranges of its seeds, and tells what irqlab campaign would have told of all of them. Files of different campaigns are refused, and a seed that came to different results. Exit 3 while seeds are missing.',
    )
    .option('--out <file>', 'write them as one file, in the order of the seeds: what one machine would have written')
    .addOption(formatOption())
    .action(async (files: readonly string[], { out, format }: MergeOptions) => {
      const merged = await mergeCampaigns(files, out).catch((error: unknown): never => {
        throw asInputError(error, out);
      });
      const { scenario, model, seeds, run, runs, of } = merged;
      if (format === 'json')
        printJson({ command: 'merge', ...merged, kinds: kindsJson(run, merged.kinds), complete: runs === of, out: out ?? null });
      else {
        const [words, paint] = verdictText(merged);
        const head = headline(`${scenario}, ${model}, ${seedsText(seeds)}`, words, paint);
        print([head, ...kindsText(run, merged), ...(runs === 0 ? [] : figuresText(merged)), ...missingText(merged), ''].join('\n'));
      }
      process.exitCode = runs < of ? Exit.unknown : merged.failed > 0 ? Exit.failed : Exit.ok;
    });
}
