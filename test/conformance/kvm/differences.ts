/** Where hardware.md wants something else than KVM does. Each row is one kind of operation and one register or field. */
import type { Difference, Seen } from '../recording/compare.js';
import type { KvmPlayer } from './play.js';

const DUMPS = ['dump', 'dump_all'];
const VECTORS = ['pending', ...DUMPS];
const ESR = 0x280;

const named = (...names: readonly string[]): RegExp => new RegExp(`^(cpu\\d+\\.)?(${names.join('|')})$`);
const arg = ({ line }: Seen, n: number): number => Number(line.split(' ')[n]);
const list = (value: unknown): readonly number[] => (Array.isArray(value) ? (value as number[]) : []);
const same = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();
const without = (vectors: readonly number[], vector: number): readonly number[] => vectors.filter((v) => v !== vector);

/** The MSI that was sent last. */
const msi = ({ last }: Seen): { address: bigint; mode: number } => {
  const [, address = '0', data = '0'] = last(/^msi /);
  return { address: BigInt(address), mode: (Number(data) >> 8) & 7 };
};

/** The low half of ICR that was written last, in either mode. */
const icr = ({ last }: Seen): number => Number(BigInt(last(/^(lapic_w \d+ 0x300|wrmsr \d+ 0x830) /)[3] ?? 0) & 0xffffffffn);
const deliveryMode = (seen: Seen): number => (icr(seen) >> 8) & 7;
const [TRIGGER, ASSERT] = [0x8000, 0x4000];

/** Redirection hint, physical destination 0xFF. */
const isRedirectedBroadcast = (seen: Seen): boolean => (msi(seen).address & 0xff00cn) === 0xff008n;
const hasHighAddress = (seen: Seen): boolean => msi(seen).address >> 32n !== 0n;
const isRewrittenBroadcast = (seen: Seen): boolean => seen.last(/^new /)[2] === 'x2api=0' && (msi(seen).address & 0xff000n) === 0xff000n;
const dfrModel = ({ last }: Seen): number => Number(last(/^lapic_w \d+ 0xe0 /)[3] ?? 0xffffffff) >>> 28;
const isOddModel = (seen: Seen): boolean => ![0, 15].includes(dfrModel(seen));

/** Bits that an x2APIC register has not (A.2.2, row 7; for EOI row 6). */
const reservedBits: Readonly<Record<number, number>> = {
  0x808: 0xffffff00,
  0x80b: 0xffffffff,
  0x80f: 0xffffec00,
  0x832: 0xfff8ef00,
  0x833: 0xfffee800,
  0x834: 0xfffee800,
  0x835: 0xfffe0800,
  0x836: 0xfffe0800,
  0x837: 0xfffeef00,
  0x83e: 0xfffffff4,
  0x83f: 0xffffff00,
};
/** Reserved registers of the xAPIC page. */
const isReserved = (offset: number): boolean =>
  [0x00, 0x10, 0x40, 0x50, 0x60, 0x70, 0xc0].includes(offset) ||
  (offset >= 0x290 && offset <= 0x2e0) ||
  (offset >= 0x3a0 && offset <= 0x3d0) ||
  offset === 0x3f0;

export const differences: readonly Difference<KvmPlayer>[] = [
  // --- what a LAPIC is
  {
    why: 'VERSION[7:0] is 0x15 (A.2); KVM has 0x14',
    op: [...DUMPS, 'lapic_r', 'rdmsr'],
    field: named('ver', 'val'),
    when: ({ theirs, ours }) => theirs === 0x50014 && ours === 0x50015,
  },
  {
    why: 'LVT LINT0 is masked behind RESET (A.2); KVM begins where firmware has left it',
    op: [...DUMPS, 'rdmsr'],
    field: named('lvt.lint0', 'val'),
    when: ({ theirs, ours }) => theirs === 0x700 && ours === 0x10000,
  },
  {
    why: 'DFR and the high half of ICR do not exist in x2APIC mode (A.2)',
    op: DUMPS,
    field: named('dfr', 'icr2'),
    when: ({ ours }) => ours === undefined,
  },
  {
    why: 'a disabled LAPIC decodes nothing, and its registers are lost (A.1.1); KVM keeps them',
    op: DUMPS,
    field: named('id', 'ver', 'ldr', 'esr', 'icr', 'svr', 'tmict', 'tdcr', 'lvt\\..*'),
    when: (seen) => seen.last(/^wrmsr \d+ (0x1b 0xfee00100$|0x80f )/)[2] === '0x1b',
  },
  // --- register access
  {
    why: 'a reserved register reads 0 (A.2.1); KVM leaves what the guest had read before',
    op: ['lapic_r'],
    field: /^val$/,
    when: (seen) => isReserved(arg(seen, 2)) && seen.ours === 0,
  },
  {
    why: 'inside a slot of 16 bytes a read gives 0 (A.2.1); KVM leaves what the guest had read before',
    op: ['mmio_r'],
    field: /^val$/,
    when: (seen) => arg(seen, 2) === 0xfee00084 && seen.ours === 0,
  },
  {
    why: 'a read that spans DWORDs gives all ones (A.2.1)',
    op: ['mmio_r'],
    field: /^val$/,
    when: (seen) => arg(seen, 2) === 0xfee00082 && seen.ours === 0xffffffff,
  },
  {
    why: 'EOI not 0 and reserved bits in TPR, SVR, LVTs, DCR and SELF IPI are #GP (A.2.2, rows 6 and 7); KVM masks them',
    op: ['wrmsr'],
    field: /^exception$/,
    when: (seen) => seen.ours === 13 && (arg(seen, 3) & (reservedBits[arg(seen, 2)] ?? 0)) !== 0,
  },
  {
    why: 'a #GP has changed nothing (A.2.2): the register is as before, where KVM has written what it masked',
    op: ['rdmsr'],
    field: /^val$/,
    when: (seen) => {
      // PPR follows TPR
      const register = arg(seen, 2) === 0x80a ? 0x808 : arg(seen, 2);
      const written = Number(seen.last(new RegExp(`^wrmsr \\d+ 0x${register.toString(16)} `))[3]);
      return (written & (reservedBits[register] ?? 0)) !== 0;
    },
  },
  {
    why: 'APR is computed (A.4.3); KVM has it 0',
    op: ['lapic_r'],
    field: /^val$/,
    when: (seen) => arg(seen, 2) === 0x90 && seen.theirs === 0,
  },
  {
    why: 'SVR bit 9 is reserved on newer parts (A.9); KVM keeps it',
    op: ['lapic_r'],
    field: /^val$/,
    when: (seen) => arg(seen, 2) === 0xf0 && seen.theirs === 0x3ff && seen.ours === 0x1ff,
  },
  {
    why: 'bits 12 and 14 of an LVT are read-only (A.8.1); KVM keeps them',
    op: ['lapic_r'],
    field: /^val$/,
    when: (seen) => arg(seen, 2) >= 0x320 && arg(seen, 2) <= 0x370 && (Number(seen.theirs) & ~0x5000) === seen.ours,
  },
  {
    why: 'the timer counts (A.8.3); in KVM it is in reserved mode 3, which a write that is #GP has left there (A.2.2, row 7)',
    op: ['rdmsr'],
    field: /^val$/,
    when: (seen) => arg(seen, 2) === 0x839 && seen.theirs === 0 && seen.last(/^wrmsr 0 0x832 /)[3] === '0xffffffff',
  },
  // --- priority
  {
    why: 'no vector of a class that PPR holds back is acknowledged (A.4.4); KVM gives one directly behind another',
    op: ['ack'],
    field: /^vector$/,
    when: ({ theirs, ours }) => ours === -1 && Number(theirs) > 0,
    follow: (player, seen) => player.serve(arg(seen, 1), Number(seen.theirs)),
  },
  {
    why: 'PPR is computed when a vector is acknowledged (A.4.2); KVM does it later',
    op: DUMPS,
    field: named('ppr'),
    when: (seen) => seen.last(/./)[0] === 'dump' && seen.theirs === 0 && Number(seen.ours) > 0,
  },
  // --- illegal vectors and errors
  {
    why: 'vectors below 16 never enter IRR (A.3); LVT Error, where it is open, fires instead (A.10)',
    op: VECTORS,
    field: named('irr'),
    when: (seen) =>
      list(seen.theirs).some((v) => v < 16) &&
      same(
        list(seen.theirs).filter((v) => v >= 16),
        without(list(seen.ours), errorVector(seen)),
      ),
  },
  {
    why: 'an error fires LVT Error (A.10); KVM collects none',
    op: VECTORS,
    field: named('irr'),
    when: (seen) => list(seen.ours).includes(errorVector(seen)) && same(list(seen.theirs), without(list(seen.ours), errorVector(seen))),
  },
  {
    why: 'an error fires LVT Error (A.10); KVM collects none',
    op: ['drain'],
    field: /^order$/,
    when: (seen) => list(seen.ours).includes(errorVector(seen)) && same(list(seen.theirs), without(list(seen.ours), errorVector(seen))),
  },
  {
    why: 'ESR says what was wrong (A.10); in KVM it stays 0',
    op: ['pending', ...DUMPS],
    field: named('esr'),
    when: ({ theirs, ours }) => theirs === 0 && Number(ours) > 0,
  },
  {
    why: 'ESR says what was wrong (A.10); in KVM it stays 0',
    op: ['lapic_r', 'rdmsr'],
    field: /^val$/,
    when: (seen) => [ESR, 0x828].includes(arg(seen, 2)) && seen.theirs === 0 && Number(seen.ours) > 0,
  },
  // --- messages
  {
    why: 'an SMI is latched (A.6.2); this KVM has none',
    op: DUMPS,
    field: named('smi_pending'),
    when: ({ theirs, ours }) => theirs === 0 && ours === 1,
  },
  {
    why: 'an SMI is latched (A.6.2); this KVM has none',
    op: ['msi'],
    field: /^ret$/,
    when: (seen) => msi(seen).mode === 2 && seen.theirs === 0,
  },
  {
    why: 'an ExtINT message reaches the core (A.8.4); this KVM counts only those of its own 8259',
    op: ['msi'],
    field: /^ret$/,
    when: (seen) => msi(seen).mode === 7 && seen.theirs === 0,
  },
  {
    why: 'delivery mode 3 is reserved: nobody accepts it (A.6, C.3.2)',
    op: ['msi'],
    field: /^ret$/,
    when: (seen) => msi(seen).mode === 3 && seen.ours === 0,
  },
  {
    why: 'a SIPI to a core that does not wait for one is ignored (A.6.2); KVM counts it',
    op: ['msi'],
    field: /^ret$/,
    when: (seen) => msi(seen).mode === 6 && seen.ours === 0,
  },
  {
    why: 'one further NMI is latched (A.5); KVM counts to two while none is taken',
    op: DUMPS,
    field: named('nmi_pending'),
    when: ({ theirs, ours }) => theirs === 2 && ours === 1,
  },
  {
    why: 'a redirected message to physical 0xFF matches nobody (C.3.3)',
    op: ['msi'],
    field: /^ret$/,
    when: (seen) => isRedirectedBroadcast(seen) && seen.ours === 0,
  },
  {
    why: 'a redirected message to physical 0xFF matches nobody (C.3.3)',
    op: VECTORS,
    field: named('irr', 'tmr', 'nmi_pending'),
    when: (seen) => isRedirectedBroadcast(seen) && (list(seen.ours).length === 0 || seen.ours === 0),
  },
  {
    why: 'a DFR model other than flat and cluster matches nobody (A.7.2)',
    op: ['msi'],
    field: /^ret$/,
    when: (seen) => isOddModel(seen) && seen.ours === 0,
  },
  {
    why: 'a DFR model other than flat and cluster matches nobody (A.7.2)',
    op: ['pending', 'drain'],
    field: named('irr', 'order'),
    when: (seen) => isOddModel(seen) && list(seen.ours).length === 0,
  },
  {
    why: 'the high DWORD of a device message is no part of its destination (C.3.1)',
    op: ['msi'],
    field: /^ret$/,
    when: hasHighAddress,
  },
  {
    why: 'the high DWORD of a device message is no part of its destination (C.3.1)',
    op: ['pending'],
    field: named('irr'),
    when: hasHighAddress,
  },
  {
    why: 'an 8-bit 0xFF is no broadcast for a LAPIC in x2APIC mode (A.7.1); KVM rewrites it where the VMM does not forbid that',
    op: ['msi'],
    field: /^ret$/,
    when: isRewrittenBroadcast,
  },
  {
    why: 'an 8-bit 0xFF is no broadcast for a LAPIC in x2APIC mode (A.7.1); KVM rewrites it where the VMM does not forbid that',
    op: ['pending'],
    field: named('irr'),
    when: (seen) => seen.last(/^new /)[2] === 'x2api=0' && same(list(seen.ours), without(list(seen.theirs), 0x81)),
  },
  // --- IPIs
  {
    why: 'an IPI is edge-triggered whatever bits 15 and 14 say (A.6.1); KVM drops trigger level without assert',
    op: ['pending'],
    field: named('irr'),
    when: (seen) => (icr(seen) & (TRIGGER | ASSERT)) === TRIGGER && list(seen.theirs).length === 0,
  },
  {
    why: 'an IPI is edge-triggered whatever bit 15 says (A.6.1); KVM sets TMR',
    op: ['pending'],
    field: named('tmr'),
    when: (seen) => (icr(seen) & TRIGGER) !== 0 && list(seen.ours).length === 0,
  },
  {
    why: 'a lowest-priority IPI to the physical broadcast id is invalid (A.7.4)',
    op: ['pending'],
    field: named('irr'),
    when: (seen) => deliveryMode(seen) === 1 && list(seen.ours).length === 0,
  },
  {
    why: 'INIT acts when it arrives (A.11); KVM carries it out when the CPU runs next',
    op: ['dump'],
    field: named('ldr', 'svr', 'nmi_pending'),
    when: (seen) => deliveryMode(seen) === 5,
  },
  // --- IOAPIC
  {
    why: 'an index without a register reads 0 (B.1)',
    op: ['ioapic_r'],
    field: /^val$/,
    when: (seen) => (arg(seen, 1) === 3 || arg(seen, 1) >= 0x40) && seen.ours === 0 && seen.theirs === 0xffffffff,
  },
  {
    why: 'reserved bits of an RTE read 0 (B.2); KVM keeps them',
    op: ['ioapic_r'],
    field: /^val$/,
    when: (seen) => arg(seen, 1) >= 0x10 && (Number(seen.theirs) & (arg(seen, 1) % 2 === 0 ? 0x1ffff : 0xffff0000)) >>> 0 === seen.ours,
  },
  {
    why: 'reserved bits of an RTE read 0 (B.2); KVM keeps them',
    op: ['ioapic_dump'],
    field: /^redir\.\d+$/,
    when: ({ theirs, ours }) => (BigInt(String(theirs)) & 0xffff00000001ffffn) === BigInt(String(ours)),
  },
];

/** Vector of LVT Error as written last. */
function errorVector({ last }: Seen): number {
  return Number(last(/^lapic_w \d+ 0x370 /)[3] ?? 0) & 0xff;
}
