/** Remapping units: the key `iommu` of a machine, from the file to what it stands for, and what may be wrong with it. */
import { joined, quote } from '../words.js';
import { duplicates, finding, type Finding } from './findings.js';
import type { Outline } from './outline/index.js';
import type { IommuDescription } from './scenario.js';
import type { ScenarioFile } from './schema/index.js';

type Given = Exclude<NonNullable<ScenarioFile['machine']['iommu']>, string>;

/** Entries that the log of guests has in a check, if the file does not say. */
const GUEST_LOG = 15;

/** The keys of each type, besides `type` and `units`. */
const keysOf: Readonly<Record<IommuDescription['type'], readonly string[]>> = {
  vtd: ['cachingMode', 'postedMsi', 'entries'],
  amd: ['ga', 'xt', 'guest', 'numIntRemap', 'irtCacheDis', 'guestLog'],
};

const NO_DMAR = 'type: dmar is the fault event of a VT-d unit, and the units here are AMD’s; write iommu: vtd, or leave out this device';

/** What the file says, with its defaults. */
export function unitsOf(given: Given, sockets: number): IommuDescription {
  const units =
    given.units === 'per-socket'
      ? Array.from({ length: sockets }, (_, socket) => ({ socket }))
      : given.units.map(({ devices, socket }) => ({ ...(devices !== undefined && { devices }), ...(socket !== undefined && { socket }) }));
  const {
    type,
    cachingMode = false,
    postedMsi = false,
    entries,
    ga = true,
    xt = ga,
    guest = false,
    numIntRemap = false,
    irtCacheDis = false,
    guestLog = GUEST_LOG,
  } = given;
  return type === 'vtd'
    ? { type, cachingMode, ...(postedMsi && { postedMsi }), ...(entries !== undefined && { entries }), units }
    : { type, ga, xt, guest, numIntRemap, irtCacheDis, guestLog, units };
}

/** The shortest that a file can say for it. */
export function shortest({ type, units, ...options }: IommuDescription, sockets: number): unknown {
  const said: Readonly<Record<string, unknown>> = options;
  // what is left out of the others depends on whether entries have 128 bits
  const ga = said['ga'] === false ? { ga: false } : {};
  const standard: Readonly<Record<string, unknown>> = { ...unitsOf({ type, units: [{}], ...ga }, sockets) };
  const chosen = Object.entries(said).filter(([key, value]) => value !== standard[key]);
  const isOne = units.length === 1 && units[0]?.devices === undefined && units[0]?.socket === undefined;
  const isEach = sockets > 1 && units.length === sockets && units.every(({ socket }, i) => socket === i);
  if (isOne && chosen.length === 0 && ga.ga === undefined) return type;
  return { type, ...ga, ...Object.fromEntries(chosen), ...(isOne ? {} : { units: isEach ? 'per-socket' : units }) };
}

/** Every device belongs to one unit, and one unit at most takes the rest; every option is one of the type. */
export function unitMistakes({ units, unitSockets, devices, iommu, deviceNames, messages, irqs }: Outline): Finding[] {
  const names = deviceNames.map(({ value }) => value);
  const rest = units.flatMap((unit, i) => (unit === undefined && unitSockets[i] === undefined ? [i] : []));
  const unitOf = (name: string | undefined): number => {
    const own = units.findIndex((unit) => unit?.some(({ value }) => value === name));
    const socket = devices.find((device) => device.name === name)?.socket;
    return own < 0 ? unitSockets.findIndex((unit) => unit?.value === socket) : own;
  };
  const pins = messages.filter(({ pin }) => pin !== undefined);
  return [
    ...optionMistakes(iommu),
    ...roomMistakes(iommu, irqs.length),
    ...(iommu['type'] === 'amd' ? messages.filter(({ type }) => type === 'dmar').map(({ path }) => finding(path, NO_DMAR)) : []),
    ...pins
      .filter(({ device }) => unitOf(device) !== unitOf(pins[0]?.device))
      .map(({ path }) => finding(path, 'all pins are behind the unit of the IOAPIC; put the devices on them into one list')),
    ...duplicates(
      units.flatMap((unit) => unit ?? []),
      (name) => `device ${quote(name)} stands here a second time; it belongs to one unit`,
    ),
    ...units.flatMap((unit) =>
      (unit ?? []).flatMap(({ value, path }) =>
        names.includes(value) ? [] : [finding(path, `there is no device ${quote(value)}; write one of ${joined(names, 'or')}`)],
      ),
    ),
    ...(rest[1] === undefined
      ? []
      : [finding(['machine', 'iommu', 'units', rest[1]], 'two units have no devices; one at most takes those that are in no list')]),
  ];
}

/** Each irq has an entry. */
function roomMistakes({ entries }: Outline['iommu'], irqs: number): Finding[] {
  if (typeof entries !== 'number' || entries >= irqs) return [];
  const least = 2 ** Math.ceil(Math.log2(irqs));
  return [finding(['machine', 'iommu', 'entries'], `${irqs} irqs need an entry each, and here are ${entries}; write entries: ${least}`)];
}

function optionMistakes(given: Outline['iommu']): Finding[] {
  const { type } = given;
  if (type !== 'vtd' && type !== 'amd') return [];
  const beside = Object.entries(keysOf).flatMap(([other, keys]) =>
    other === type
      ? []
      : keys.flatMap((key) =>
          key in given ? [finding(['machine', 'iommu', key], `${key} is for type: ${other}, not for ${type}; leave it out`)] : [],
        ),
  );
  if (type !== 'amd' || given['ga'] !== false) return beside;
  // 32 bits have no room for either
  const wide = ['xt', 'guest'].filter((key) => given[key] === true);
  return [...beside, ...wide.map((key) => finding(['machine', 'iommu', key], `${key} needs entries of 128 bits; leave out ga: false`))];
}
