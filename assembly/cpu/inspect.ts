/** Hardware as a judge sees it: any CPU, any device. What does not exist reads as 0. */
import { Inspect, MsiReg } from '../state/abi/instructions';
import { SourceSetup } from '../state/abi/tables';
import { Cpu, Fn, Glob, Origin, RunState, Msg, Src } from '../state/abi/fields';
import { cpuAt, functionAt, interruptsOn, msgAt, originAt, pinAt, sourceSetup, srcAt } from '../state/access';
import { globBase, nCpus, nDevices, nIoapics, nOperations, nPins, nSources, opBase } from '../state/layout';
import { inFlight } from '../fabric/flight';
import { bitIn } from '../lapic/priority';
import { onPin } from '../fabric/ioapic';
import * as rte from '../ioapic/rte';
import { readRegister } from '../pci/config';
import * as vectors from '../pci/vectors';

/** SVR: the LAPIC is enabled by software (hardware.md A.9). */
const SVR_ENABLED: u32 = 0x100;

function ofCpu(field: u32, c: u32, v: u32): u32 {
  if (c >= nCpus) return 0;
  const at = cpuAt(c);
  switch (field) {
    case Inspect.irr:
      return v < 256 && bitIn(at + Cpu.irr, v) ? 1 : 0;
    case Inspect.isr:
      return v < 256 && bitIn(at + Cpu.isr, v) ? 1 : 0;
    case Inspect.lapicEnabled:
      return ((<u32>load<u16>(at, Cpu.svr)) & SVR_ENABLED) != 0 ? 1 : 0;
    case Inspect.interruptsOn:
      return interruptsOn(c) ? 1 : 0;
    default:
      return load<u8>(at, Cpu.run) == RunState.running ? 1 : 0;
  }
}

function messagesOf(origin: u32): u32 {
  let n: u32 = 0;
  for (let i = <u32>load<u16>(originAt(origin), Origin.head); i != 0; i = load<u16>(msgAt(i - 1), Msg.next)) n++;
  return n;
}

function ofDevice(field: u32, d: u32): u32 {
  if (d >= nDevices) return 0;
  const at = functionAt(d);
  switch (field) {
    case Inspect.msiControl:
      return readRegister(d, MsiReg.control);
    case Inspect.msiAddress:
      return load<u32>(at, Fn.addrLo);
    case Inspect.msiAddressHigh:
      return load<u32>(at, Fn.addrHi);
    case Inspect.msiData:
      return load<u16>(at, Fn.data);
    default:
      return messagesOf(d);
  }
}

/** What a pin would send. */
function ofPin(field: u32, where: u32): u32 {
  if (where >> 8 >= nIoapics || (where & 0xff) >= nPins) return 0;
  const at = pinAt(where >> 8, where & 0xff);
  switch (field) {
    case Inspect.sentAddress:
      return rte.addressOf(at);
    case Inspect.sentAddressHigh:
      return 0;
    case Inspect.sentData:
      return rte.dataOf(at);
    case Inspect.sentMasked:
      return rte.isMasked(at) ? 1 : 0;
    default:
      return 1;
  }
}

/** The message that source s would send now. */
function ofMessage(field: u32, s: u32): u32 {
  if (s >= nSources) return 0;
  const f = sourceSetup(s, SourceSetup.device);
  if (onPin(s)) return ofPin(field, sourceSetup(s, SourceSetup.message));
  const v = vectors.messageFor(f, sourceSetup(s, SourceSetup.message));
  if (v < 0) return 0;
  vectors.sampleMessage(f, v);
  switch (field) {
    case Inspect.sentAddress:
      return vectors.sampledLo;
    case Inspect.sentAddressHigh:
      return vectors.sampledHi;
    case Inspect.sentData:
      return vectors.sampledData;
    case Inspect.sentMasked:
      return vectors.isOpen(f, v) ? 0 : 1;
    default:
      return 1;
  }
}

/** The probe forgets which have ended (assembly/check/transitions.ts): 0 there. */
function endedOperations(): u32 {
  let n: u32 = 0;
  if (load<u8>(globBase, Glob.probe)) return 0;
  for (let o: u32 = 0; o < nOperations; o++) if (load<u8>(opBase + o) == 2) n++;
  return n;
}

/** Field of [b][c] (`Inspect`). */
export function inspect(field: u32, b: u32, c: u32): u32 {
  if (field <= <u32>Inspect.running) return ofCpu(field, b, c);
  if (field == Inspect.ended) return endedOperations();
  if (field >= <u32>Inspect.sentAddress) return ofMessage(field, b);
  switch (field) {
    case Inspect.owed:
      return b < nSources ? load<u8>(srcAt(b), Src.owed) : 0;
    case Inspect.raised:
      return b < nSources ? load<u8>(srcAt(b), Src.condition) : 0;
    case Inspect.inFlight:
      return inFlight();
    default:
      return ofDevice(field, b);
  }
}
