/** Prints a program readably. */
import { Constant, InsnFlag, Inspect, LapicReg, MmioReg, MsiReg, Op, Operand, UnitReg } from '../../assembly/state/abi/instructions.js';
import { Note, Property } from '../../assembly/state/abi/outcomes.js';
import type { Program } from './assembler.js';
import { wordsPerInstruction } from './encode.js';
import { isBranch, isObservable } from './ir.js';
import { registerCount } from './registers.js';

/** Fields of one instruction. */
export interface Decoded {
  readonly op: Op;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly imm: number;
  readonly w2: number;
  readonly slot: number;
  readonly slot2: number;
  readonly flags: number;
  readonly label: number;
}

export function decode(code: Uint32Array, index: number): Decoded {
  const [w0 = 0, imm = 0, w2 = 0, w3 = 0] = code.subarray(index * wordsPerInstruction, (index + 1) * wordsPerInstruction);
  return {
    op: w0 & 0xff,
    a: (w0 >>> 8) & 0xff,
    b: (w0 >>> 16) & 0xff,
    c: w0 >>> 24,
    imm,
    w2,
    slot: w2 & 0xffff,
    slot2: w2 >>> 16,
    flags: w3 & 0xff,
    label: w3 >>> 8,
  };
}

const named: ReadonlyMap<Op, Readonly<Record<number, string>>> = new Map<Op, Readonly<Record<number, string>>>([
  [Op.constant, Constant],
  [Op.cfgRead, MsiReg],
  [Op.cfgWrite, MsiReg],
  [Op.mmioRead, MmioReg],
  [Op.mmioWrite, MmioReg],
  [Op.lapicRead, LapicReg],
  [Op.lapicWrite, LapicReg],
  [Op.flag, Property],
  [Op.note, Note],
  [Op.inspect, Inspect],
]);

function operand(value: number, imm: number): string {
  if (value === Operand.imm) return String(imm);
  return value === Operand.self ? 'self' : `r${value}`;
}

function place(program: Program, slot: number, ...indexes: number[]): string {
  const name = program.variables[slot]?.name ?? `slot ${slot}`;
  return (
    name +
    indexes
      .filter((i) => i !== Operand.none)
      .map((i) => `[${operand(i, 0)}]`)
      .join('')
  );
}

function operands(program: Program, insn: Decoded): string {
  const { op, a, b, c, imm, w2, slot, slot2, flags } = insn;
  const target = (): string => `@${imm}`;
  const bit = c === Operand.none ? [] : [operand(c, imm)];
  const mask = flags & InsnFlag.byRef ? `*${operand(b, imm)}` : place(program, slot, b);
  const second = slot2 === 0xffff ? [] : [`& ${place(program, slot2, flags & InsnFlag.and ? c : Operand.none)}`];
  const first = a === Operand.none ? [] : [operand(a, imm)];
  if (op === Op.jump || op === Op.call) return target();
  if (isBranch(op)) return [operand(a, 0), operand(b, w2), target()].join(', ');
  switch (op) {
    case Op.load:
    case Op.store:
    case Op.waitEq:
    case Op.waitNe:
    case Op.fetchAdd:
      return [...first, place(program, slot, b, c), ...(op === Op.load || op === Op.store ? [] : [String(imm | 0)])].join(', ');
    case Op.maskSet:
    case Op.maskClear:
    case Op.maskTest:
      return [...first, mask, ...bit].join(', ');
    case Op.maskCopy:
    case Op.maskFirst:
    case Op.maskCount:
    case Op.maskMost:
    case Op.maskLeast: {
      const key = op === Op.maskMost || op === Op.maskLeast ? [`by ${place(program, imm)}`] : [];
      return [...first, mask, ...second, ...key].join(', ');
    }
    case Op.ref:
    case Op.maskFirstFree:
    case Op.lock:
    case Op.unlock:
      return [...first, place(program, slot, b)].join(', ');
    case Op.exchange:
      return [...first, place(program, slot, b, c), String(imm)].join(', ');
    case Op.bitSet:
    case Op.bitClear:
      return [place(program, slot, b, c), `bit ${operand(a, 0)}`].join(', ');
    case Op.controlSet: {
      const ndst = c === Operand.none ? [] : [`NDST ${operand(c, 0)}`];
      return [place(program, slot, b), `bits 0x${imm.toString(16)} of ${operand(a, 0)}`, ...ndst].join(', ');
    }
    case Op.storeRow:
      return [place(program, slot, b), place(program, slot2, c)].join(', ');
    case Op.storePair:
      return [place(program, slot, b), `words ${imm}, ${imm + (flags & InsnFlag.wide ? 2 : 1)}`, operand(a, 0), operand(c, 0)].join(', ');
    case Op.queuePut: {
      const status = slot2 === 0xffff ? [] : [`status ${place(program, slot2, c)}`];
      return [`unit ${operand(b, 0)}`, `0x${imm.toString(16)}`, operand(a, 0), ...status].join(', ');
    }
    case Op.unitRead:
    case Op.unitWrite:
      return [...first, `unit ${operand(b, 0)}`, UnitReg[imm] ?? String(imm)].join(', ');
    case Op.scan:
      return [...first, place(program, slot, b), `!= ${imm}`].join(', ');
    case Op.listPush:
    case Op.listRemove:
      return [place(program, slot, b), operand(c, imm), place(program, slot2)].join(', ');
    case Op.timerArm:
    case Op.timerCancel:
    case Op.timerArmed:
      return [...first, `${program.timers[imm]?.name ?? imm} of CPU ${operand(b, 0)}`].join(', ');
    case Op.wake:
      return [`CPU ${operand(b, imm)}`, c === Operand.imm ? 'thread' : `level ${operand(c, 0)}`, target(), ...first].join(', ');
    default: {
      const names = named.get(op);
      const all = [...first, ...(b === Operand.none ? [] : [operand(b, imm)]), ...bit];
      const shown = names ? [names[imm] ?? String(imm)] : op === Op.delay || op === Op.serve ? [`${imm} cycles`] : [];
      return [...all, ...shown].join(', ');
    }
  }
}

/** One line an instruction: address, instruction, live registers with their bits, and the label. */
export function disassemble(program: Program): string {
  const entries = new Map([...program.entries].map(([name, address]) => [address, name]));
  const lines: string[] = [];
  let routine = '';
  for (let i = 0; i < program.code.length / wordsPerInstruction; i++) {
    const insn = decode(program.code, i);
    const label = program.labels[insn.label];
    const entry = entries.get(i);
    if (label && (entry !== undefined || label.routine !== routine))
      lines.push(`${label.routine}:${entry === undefined ? '' : '  (entry)'}`);
    routine = label?.routine ?? '';
    const marks =
      (isObservable(insn.op) ? '*' : ' ') + (insn.flags & InsnFlag.visible ? 'v' : ' ') + (insn.flags & InsnFlag.joined ? '|' : ' ');
    const live = Array.from({ length: registerCount }, (_, r) => ({ r, bits: program.live[i * registerCount + r] ?? 0 }))
      .filter(({ bits }) => bits > 0)
      .map(({ r, bits }) => `r${r}:${bits}`)
      .join(' ');
    const text = `${String(i).padStart(5)} ${marks} ${(Op[insn.op] ?? '?').padEnd(13)} ${operands(program, insn)}`;
    lines.push(`${text.padEnd(64)} {${live}}`.padEnd(88) + ` ; ${label?.line ?? 0}: ${label?.text ?? ''}`);
  }
  return `${lines.join('\n')}\n`;
}
