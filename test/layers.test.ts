/**
 * The order of the rooms. A folder may import what stands in a row above its own, never what stands beside or below it: so each
 * can be read, tested and replaced without those that use it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const rows: Record<string, readonly (readonly string[])[]> = {
  assembly: [
    ['state'],
    // Recording is called from everywhere and knows nothing but the layout of the state; hence so far up.
    ['record'],
    ['lapic'],
    ['ioapic'],
    ['pci'],
    ['message'],
    ['iommu'],
    ['fabric'],
    ['cpu'],
    ['clock'],
    ['check'],
    // The timed counterpart of check.
    ['run'],
    ['index.ts'],
  ],
  src: [
    // How messages name things; knows nothing of any room.
    ['words.ts'],
    ['core'],
    ['machine'],
    ['kernel'],
    ['scenario'],
    // What goes on beside the devices of a timed run.
    ['workload'],
    ['check', 'campaign', 'explain', 'trace', 'report'],
    // A comparison is many timed runs.
    ['compare', 'conform', 'hunt', 'races'],
    ['index.ts'],
    ['cli', 'web'],
  ],
  'src/check': [
    // How actions, and what stands in a state, are called.
    ['names'],
    ['engine'],
    ['team'],
    ['search'],
    // Ways through a check are of no interest to livelocks, nor the other way round, before both are told.
    ['ways', 'liveness'],
    ['narration'],
    ['walk', 'picture'],
    ['document'],
    ['questions'],
    ['index.ts'],
  ],
};

/** Arrows against the order of the rows, each with its reason. */
const exceptions: readonly string[] = [
  // Time is charged where it passes: a message in flight has a due cycle, a micro-op has a cost.
  'assembly/fabric -> assembly/clock',
  'assembly/cpu -> assembly/clock',
];

/** What both compilers read, and therefore all that src may see of assembly. */
const shared = 'assembly/state/abi/';

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Static, type-only, re-exporting, bare and dynamic imports, in order of their lines. Comments don't count. */
function importsOf(text: string): Import[] {
  // Strings are matched only to be kept: `'https://...'` holds no comment.
  const code = text.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`|\/\*[^]*?\*\/|\/\/.*/g, (found) =>
    found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found,
  );
  const forms = [
    /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(?<specifier>[^'"\n]+)\1/gm,
    /^[ \t]*import\s*(['"])(?<specifier>[^'"\n]+)\1/gm,
    /\b(?:import|require)\s*\(\s*(['"`])(?<specifier>[^'"`\n]+)\1/g,
  ];
  return forms
    .flatMap((form) => [...code.matchAll(form)])
    .map((match) => ({
      specifier: match.groups?.['specifier'] ?? '',
      line: code.slice(0, match.index + match[0].length).split('\n').length,
    }))
    .toSorted((a, b) => a.line - b.line);
}

/** In `src`, `src/kernel/model/linux/vector.ts` stands in `src/kernel`; undefined: it does not stand in the folder. */
function roomIn(folder: string, file: string): string | undefined {
  return file.startsWith(`${folder}/`) ? `${folder}/${file.slice(folder.length + 1).split('/')[0] ?? ''}` : undefined;
}

/** The row of a room within its folder, or -1. */
function rowOf(room: string): number {
  return rows[posix.dirname(room)]?.findIndex((row) => row.includes(posix.basename(room))) ?? -1;
}

/** Its rooms in all folders that have an order. */
const roomsOf = (file: string): string[] => Object.keys(rows).flatMap((folder) => roomIn(folder, file) ?? []);

/** TypeScript writes `./a.js` for a.ts, AssemblyScript `./a`; both may name a folder that has an index. */
function resolve(from: string, specifier: string, files: ReadonlyMap<string, string>): string {
  const path = posix.join(posix.dirname(from), specifier);
  const candidates = [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.d.ts'), `${path}.ts`, `${path}/index.ts`];
  return candidates.find((candidate) => files.has(candidate)) ?? path.replace(/\.js$/, '.ts');
}

function wrongPackage(file: string, specifier: string, dependencies: ReadonlySet<string>): string | undefined {
  if (file.startsWith('assembly/')) return 'the core imports nothing but its own files';
  if (specifier.startsWith('node:')) return undefined;
  if (builtinModules.includes(specifier)) return `write 'node:${specifier}'`;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return dependencies.has(name) ? undefined : `'${name}' is not among the dependencies of package.json`;
}

function wrongFile(from: string, to: string): string | undefined {
  if (to.startsWith('..')) return 'stands outside the repository';
  // asc wants './fields', tsc './fields.js': no import pleases both.
  if (from.startsWith(shared)) return 'a file that both compilers read imports nothing';
  if (from.startsWith('src/') && to.startsWith('assembly/'))
    return to.startsWith(shared) ? undefined : `of assembly/, src/ may import ${shared} only`;
  if (from.split('/')[0] !== to.split('/')[0]) return `${roomsOf(from)[0] ?? from} may not import ${roomsOf(to)[0] ?? to}`;
  for (const folder of Object.keys(rows)) {
    const [source, target] = [roomIn(folder, from), roomIn(folder, to)];
    if (source === undefined || target === undefined || source === target || rowOf(target) < 0) continue;
    if (exceptions.includes(`${source} -> ${target}`) || rowOf(target) < rowOf(source)) continue;
    return `${source} may not import ${target}: it does not stand above it`;
  }
  return undefined;
}

/** Cycles of imports, each once, as `a.ts -> b.ts -> a.ts`. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (finished.has(file)) return;
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      return;
    }
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

/** Everything that is wrong with the imports of these files (path from the root, text); empty if nothing is. */
function violations(files: ReadonlyMap<string, string>, dependencies: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [file, text] of files) {
    if (roomsOf(file).some((room) => rowOf(room) < 0)) wrong.push(`${file}: stands in no room of the table in test/layers.test.ts`);
    const targets: string[] = [];
    graph.set(file, targets);
    for (const { specifier, line } of importsOf(text)) {
      const relative = specifier.startsWith('.');
      const target = resolve(file, specifier, files);
      if (relative && files.has(target)) targets.push(target);
      const why = relative ? wrongFile(file, target) : wrongPackage(file, specifier, dependencies);
      if (why !== undefined) wrong.push(`${file}:${line}: import of '${specifier}': ${why}`);
    }
  }
  return [...wrong, ...cyclesOf(graph).map((cycle) => `cycle: ${cycle}`)];
}

const root = fileURLToPath(new URL('../', import.meta.url));

function readHalf(half: string): [string, string][] {
  return readdirSync(root + half, { recursive: true, encoding: 'utf8' })
    .map((name) => `${half}/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .map((file) => [file, readFileSync(root + file, 'utf8')]);
}

test('every import of src and assembly follows the order of the rooms', () => {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Record<string, Record<string, string> | undefined>;
  const dependencies = new Set(['dependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})));
  const files = new Map([...readHalf('assembly'), ...readHalf('src')]);
  expect(files.size).toBeGreaterThan(0);
  expect(violations(files, dependencies)).toEqual([]);
});

test('what a browser loads imports nothing of Node', () => {
  const files = new Map([...readHalf('assembly'), ...readHalf('src')]);
  const seen = new Set<string>();
  const visit = (file: string): string[] => {
    if (seen.has(file)) return [];
    seen.add(file);
    // what is imported only when it is needed does not count
    const fixed = (files.get(file) ?? '').replaceAll(/\bimport\s*\([^)]*\)/g, '').replaceAll(/^(?:im|ex)port type [^]*?;$/gm, '');
    return importsOf(fixed).flatMap(({ specifier }) =>
      specifier.startsWith('node:')
        ? [`${file} imports ${specifier}`]
        : specifier.startsWith('.')
          ? visit(resolve(file, specifier, files))
          : [],
    );
  };
  expect(visit('src/index.ts')).toEqual([]);
  expect(seen.size).toBeGreaterThan(50);
});

const check = (files: Record<string, string>): string[] => violations(new Map(Object.entries(files)), new Set(['zod', '@scope/name']));

describe('the check of the order itself', () => {
  test('finds each form of import, and the line of its specifier', () => {
    const text = [
      "import a, { type B } from './1.js';",
      "import type {\n  C,\n} from './2.js';",
      "export * from './3.js';",
      'export { d } from "./4.js";',
      "import './5.js';",
      "const e = await import('./6.js');",
      "type F = import('./7.js').F;",
    ].join('\n');
    expect(importsOf(text)).toEqual([1, 4, 5, 6, 7, 8, 9].map((line, i) => ({ specifier: `./${i + 1}.js`, line })));
  });

  test('takes neither comments nor strings for imports', () => {
    expect(
      importsOf("// import './1.js';\n/*\nimport './2.js';\n*/\nconst a = 'import(2) // no';\nexport const b = Array.from('c');"),
    ).toEqual([]);
    expect(importsOf("const a = 'https://example.org/*'; const b = await import('./1.js');")).toEqual([{ specifier: './1.js', line: 1 }]);
  });

  test.each([
    ['src/kernel/a.ts', '../cli/main.js', 'src/kernel may not import src/cli'],
    ['src/kernel/model/linux/a.ts', '../../../scenario/index.js', 'src/kernel may not import src/scenario'],
    ['src/campaign/a.ts', '../check/index.js', 'src/campaign may not import src/check'],
    ['src/index.ts', './cli/main.js', 'src/index.ts may not import src/cli'],
    ['src/web/a.ts', '../cli/main.js', 'src/web may not import src/cli'],
    ['src/check/names/a.ts', '../ways/replay.js', 'src/check/names may not import src/check/ways'],
    ['src/check/walk/a.ts', '../picture/index.js', 'src/check/walk may not import src/check/picture'],
    ['src/check/walk/a.ts', '../index.js', 'src/check/walk may not import src/check/index.ts'],
    ['src/machine/a.ts', '../index.js', 'src/machine may not import src/index.ts'],
    ['src/core/a.ts', '../../assembly/lapic/accept.js', 'src/ may import assembly/state/abi/'],
    ['assembly/lapic/a.ts', '../iommu/vtd/remap', 'assembly/lapic may not import assembly/iommu'],
    ['assembly/record/a.ts', '../lapic/accept', 'assembly/record may not import assembly/lapic'],
    ['assembly/lapic/a.ts', '../clock/queue', 'assembly/lapic may not import assembly/clock'],
    ['assembly/state/abi/tables.ts', './fields', 'imports nothing'],
    ['assembly/cpu/a.ts', '../../src/core/index', 'assembly/cpu may not import src/core'],
    ['src/cli/a.ts', '../../test/help.js', 'src/cli may not import test/help.ts'],
    ['src/cli/a.ts', '../../../elsewhere/a.js', 'outside the repository'],
    ['src/cli/a.ts', '/usr/lib/a.js', 'not among the dependencies'],
    ['src/cli/a.ts', 'left-pad/a', "'left-pad' is not among the dependencies"],
    ['src/cli/a.ts', 'fs', "write 'node:fs'"],
    ['assembly/cpu/a.ts', 'zod', 'nothing but its own files'],
  ])('reports %s importing %s', (file, specifier, why) => {
    const found = check({ [file]: `\nimport type { A } from '${specifier}';` });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`${file}:2: `);
    expect(found[0]).toContain(why);
  });

  test.each([
    ['src/cli/a.ts', '../check/index.js'],
    ['src/web/a.ts', '../index.js'],
    ['src/check/walk/a.ts', '../narration/index.js'],
    ['src/check/index.ts', './walk/index.js'],
    ['src/index.ts', './report/index.js'],
    ['src/trace/a.ts', '../scenario/index.js'],
    ['src/kernel/a.ts', '../../assembly/state/abi/tables.js'],
    ['src/kernel/model/linux/a.ts', '../../build/label.js'],
    ['src/scenario/a.ts', '@scope/name/part'],
    ['src/core/a.ts', 'node:fs'],
    ['assembly/lapic/a.ts', '../record/ring'],
    ['assembly/fabric/a.ts', '../clock/queue'],
    ['assembly/index.ts', './check/search'],
  ])('lets %s import %s', (file, specifier) => {
    expect(check({ [file]: `import '${specifier}';` })).toEqual([]);
  });

  test('reports a cycle within one room, through either way of writing a path', () => {
    expect(check({ 'assembly/cpu/a.ts': "import './b';", 'assembly/cpu/b.ts': "export * from './a';" })).toEqual([
      'cycle: assembly/cpu/a.ts -> assembly/cpu/b.ts -> assembly/cpu/a.ts',
    ]);
    expect(check({ 'src/core/index.ts': "export * from './b.js';", 'src/core/b.ts': "import type { A } from './index.js';" })).toEqual([
      'cycle: src/core/index.ts -> src/core/b.ts -> src/core/index.ts',
    ]);
  });

  test('reports a file that stands in no room', () => {
    for (const file of ['src/util/a.ts', 'src/check/util/a.ts', 'src/check/a.ts'])
      expect(check({ [file]: '' })).toEqual([`${file}: stands in no room of the table in test/layers.test.ts`]);
  });
});
