// node scripts/reduce-recording.js FROM TO: a recording without what its reader passes over, for test/conformance/linux.
//
// Left out: what devices send and what becomes of it, hotplug states, the same access told twice, the rest of QEMU's log. EOIs and the
// high halves of ICR writes come from that log into the time line, as far as they are near an access that is kept.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { folderFiles, readFolder } from '../dist/src/conform/index.js';

const [from = '', to = ''] = process.argv.slice(2);
if (to === '') throw new Error('node scripts/reduce-recording.js FROM TO');

/** Microseconds around an access in which an EOI may belong to it. */
const NEAR = 20_000;

const read = (/** @type {string} */ name) => {
  try {
    return readFileSync(`${from}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
};
const files = new Map(
  Object.values(folderFiles).flatMap((name) => {
    const text = read(name);
    return text === undefined ? [] : [[name, text]];
  }),
);

const { stretches } = readFolder(files, from);
const passed = /^(?:apic_deliver_irq|vtd_ir_|vtd_reg_write|vtd_inv_qi_tail|ioapic_mem_|cpuhp_|MARK$)/;
const sent = /^cpu=-?\d+ (?:vtd-ir|apic-msi) |^cpu=\d+ 0x0 /;
const local = /^cpu=\d+ (?:EOI|ICR_HI) /;

/** @param {import('../dist/src/conform/lines.js').RecordedLine} line */
function shown({ time, source, cpu, event, fields }) {
  const at = `${Math.floor(time / 1e6)}.${String(time % 1e6).padStart(6, '0')}`;
  const guest = source === 'guest';
  return `${at} ${guest ? 'G' : 'Q'} ${cpu ?? '-'} ${event}${guest ? ':' : ''}${fields === '' ? '' : ` ${fields}`}`;
}

mkdirSync(`${to}/before`, { recursive: true });
const [merged = [], more] = stretches.map((lines) => {
  const kept = lines.filter(({ event, fields }) => !passed.test(event) && !sent.test(fields) && !local.test(fields));
  const accesses = kept.filter(({ source }) => source === 'qemu');
  const near = lines.filter(
    (line) =>
      local.test(line.fields) &&
      accesses.some(({ cpu, time }) => (cpu === undefined || cpu === line.cpu) && Math.abs(time - line.time) < NEAR),
  );
  const marks = lines.filter(({ source, event }) => source === 'qemu' && event === 'MARK').slice(0, 1);
  return [...kept, ...near, ...marks].toSorted((a, b) => lines.indexOf(a) - lines.indexOf(b));
});
const head = '# time(s) source cpu event; reduced by scripts/reduce-recording.js\n';
const write = (/** @type {string} */ name, /** @type {string} */ text) => writeFileSync(`${to}/${name}`, text);
write(folderFiles.merged, `${head}${merged.map(shown).join('\n')}\n`);
if (more !== undefined) write(folderFiles.doubleMoves, `${head}${more.map(shown).join('\n')}\n`);
write(folderFiles.irqs, files.get(folderFiles.irqs) ?? '');
// of how it was recorded, what the reader reads, and QEMU's version
const how = (files.get(folderFiles.how) ?? '').split('\n').filter((line) => /^(?:qemu|kernel): /.test(line));
write(folderFiles.how, `${how.join('\n')}\n`);
write(folderFiles.sequences, files.get(folderFiles.sequences) ?? '');
// of the boot what is about messages of devices; no table has as many entries in use
const boot = (files.get(folderFiles.boot) ?? '').split('\n').filter((line) => {
  const entry = /msix-table addr=(0x[0-9a-f]+)/.exec(line)?.[1];
  const isMessage =
    /pci_cfg_write \S+ 00:0[3-6]|pci_cfg_write \S+ 00:1f\.2|msix-table|intel_iommu addr=0xfed90088|vtd_inv_desc_(?:iec|wait_sw)/.test(line);
  return isMessage && (entry === undefined || Number(entry) % 0x1000 < 0x100);
});
write(folderFiles.boot, `${boot.join('\n')}\n`);
