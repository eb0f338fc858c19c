// What makes a start of the library in Node quick: it reads the classes and values of the public API with what they need, and the room
// of a function when that is first called. An engine takes fifty milliseconds for a megabyte, and most programs call few functions of many.
// What answers at once still does: Node's `require` reads an ES module at once.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Rooms that every start has. */
const always = /^\.\/(core|machine)\//;
/** Modules of nothing but functions that classes of the public API may call, and behind which much lies. */
const inner = ['scenario/parse.js', 'scenario/system.js'];

const PREFIX = '\0door:';
const isFunction = (/** @type {unknown} */ value) =>
  typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value));
const exportsOf = async (/** @type {string} */ file) =>
  /** @type {Readonly<Record<string, unknown>>} */ (await import(pathToFileURL(file).href));

/** Imports of the project's own files, as tsc writes them; without names: all that is there. */
function importsIn(/** @type {string} */ code) {
  return [...code.matchAll(/^(import|export) (?:\*|\{([^}]*)\}) from '(\.[^']*)';$/gm)].map(([text, verb, list, from = '']) => ({
    text,
    verb,
    from,
    names: list?.split(',').flatMap((entry) => {
      const [name = '', as = name] = entry.trim().split(' as ');
      return name === '' ? [] : { name, as };
    }),
  }));
}

/**
 * The file that declares what `file` exports: a room's index only passes it on, and a chunk with the index would have all of the room.
 * @param {string} file
 * @param {string} name
 * @returns {Promise<{ readonly file: string, readonly name: string }>}
 */
async function declared(file, name) {
  for (const { verb, from, names } of importsIn(readFileSync(file, 'utf8'))) {
    if (verb !== 'export') continue;
    const next = resolve(dirname(file), from);
    const passed = names === undefined ? { name } : names.find(({ as }) => as === name);
    if (passed !== undefined && passed.name in (await exportsOf(next))) return declared(next, passed.name);
  }
  return { file, name };
}

/**
 * The same, as a statement.
 * @param {string | undefined} verb
 * @param {string} file
 * @param {{ readonly name: string, readonly as: string }} name
 */
async function directly(verb, file, { name, as }) {
  const from = await declared(file, name);
  return `${verb} { ${from.name} as ${as} } from ${JSON.stringify(from.file)};`;
}

/**
 * The plugin, and the rooms as entries by name. They must be written beside the chunks.
 * @param {string} src  folder of what tsc has written
 */
export function doorsOf(src) {
  const index = resolve(src, 'index.js');
  const rooms = importsIn(readFileSync(index, 'utf8')).filter(({ from, names }) => names !== undefined && !always.test(from));
  /** file to the names that are asked for here; undefined: all */
  const doors = new Map([
    ...rooms.map(({ from, names }) => /** @type {const} */ ([resolve(src, from), names?.map(({ name }) => name)])),
    ...inner.map((file) => /** @type {const} */ ([resolve(src, file), undefined])),
  ]);
  const nameOf = (/** @type {string} */ file) =>
    `room-${file
      .slice(resolve(src).length + 1, -'.js'.length)
      .replaceAll('/', '-')
      .replace(/-index$/, '')}`;

  /** @type {import('rolldown').Plugin} */
  const plugin = {
    name: 'doors',
    resolveId(path, importer) {
      if (importer === undefined || importer.startsWith(PREFIX) || !/^[./]/.test(path)) return null;
      const file = resolve(dirname(importer), path);
      // rooms know each other as they are; only the public API has their doors
      const isDoor = doors.has(file) && (doors.get(file) === undefined || importer === index);
      return isDoor ? { id: PREFIX + file, moduleSideEffects: false } : null;
    },
    async load(id) {
      if (!id.startsWith(PREFIX)) return null;
      const file = id.slice(PREFIX.length);
      const all = await exportsOf(file);
      const lines = (doors.get(file) ?? Object.keys(all)).map((name) =>
        isFunction(all[name])
          ? `export function ${name}(...given) { return open().${name}(...given); }`
          : directly('export', file, { name, as: name }),
      );
      return `import { createRequire } from 'node:module';
const read = createRequire(import.meta.url);
let room;
const open = () => (room ??= read('./${nameOf(file)}.js'));
${(await Promise.all(lines)).join('\n')}`;
    },
    async transform(code, id) {
      if (!id.startsWith(resolve(src)) || id === index) return null;
      let direct = code;
      for (const { text, verb, from, names } of importsIn(code)) {
        if (names === undefined || !from.endsWith('/index.js')) continue;
        const statements = await Promise.all(names.map((name) => directly(verb, resolve(dirname(id), from), name)));
        direct = direct.replace(text, () => statements.join(' '));
      }
      return { code: direct };
    },
  };
  return { plugin, entries: Object.fromEntries([...doors.keys()].map((file) => [nameOf(file), file])) };
}
