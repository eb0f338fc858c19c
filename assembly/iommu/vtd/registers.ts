/** Registers of a VT-d unit (hardware.md D.1), by their halves of 32 bits. */
import { Iommu, IommuSetup, VtdReg } from '../../state/abi/iommu';
import { frcdAt, iommuAt, iommuSetup } from '../../state/access';
import { command } from './commands';
import { MASKED, PENDING, clearRecord, clearStatus, readStatus, recordsOf } from './fault';
import { clearCompletion } from './queue';

/** The state after reset. */
export function reset(u: u32): void {
  const at = iommuAt(u);
  store<u32>(at, MASKED, Iommu.fectl);
  store<u32>(at, MASKED, Iommu.iectl);
}

/** 64 K domains, four levels of 47 bits for DMA, which nothing here uses; FRO, NFR. */
function capabilities(u: u32): u64 {
  const records = <u64>max(recordsOf(u), 1) - 1;
  const cap: u64 = 6 | (1 << 10) | (0x2f << 16) | (((<u64>VtdReg.frcd) >> 4) << 24) | (records << 40);
  const cm = <u64>(iommuSetup(u, IommuSetup.cm) & 1);
  return cap | (cm << 7) | ((<u64>(iommuSetup(u, IommuSetup.pi) & 1)) << 59) | ((<u64>(iommuSetup(u, IommuSetup.esirtps) & 1)) << 62);
}

/** QI, IR; IOTLB registers at 0x100; scalable mode where descriptors may have 256 bits. */
function extendedCapabilities(u: u32): u64 {
  const ecap: u64 = (1 << 1) | (1 << 3) | (0x10 << 8) | ((<u64>(iommuSetup(u, IommuSetup.mhmv) & 15)) << 20);
  const coherent = <u64>(iommuSetup(u, IommuSetup.coherent) & 1);
  return ecap | coherent | ((<u64>(iommuSetup(u, IommuSetup.eim) & 1)) << 4) | ((<u64>(iommuSetup(u, IommuSetup.wide) & 1)) << 43);
}

function frcdOf(u: u32, offset: u32): i32 {
  const n = (offset - VtdReg.frcd) >> 4;
  return offset >= <u32>VtdReg.frcd && n < recordsOf(u) ? <i32>n : -1;
}

export function read32(u: u32, offset: u32): u32 {
  const at = iommuAt(u);
  switch (offset) {
    case VtdReg.ver:
      return 0x10;
    case VtdReg.cap:
      return <u32>capabilities(u);
    case VtdReg.cap + 4:
      return <u32>(capabilities(u) >> 32);
    case VtdReg.ecap:
      return <u32>extendedCapabilities(u);
    case VtdReg.ecap + 4:
      return <u32>(extendedCapabilities(u) >> 32);
    case VtdReg.gsts:
      return load<u32>(at, Iommu.gsts);
    case VtdReg.rtaddr:
      return load<u32>(at, Iommu.rtaddr);
    case VtdReg.rtaddr + 4:
      return load<u32>(at, Iommu.rtaddr + 4);
    case VtdReg.fsts:
      return readStatus(u);
    case VtdReg.fectl:
      return load<u32>(at, Iommu.fectl);
    case VtdReg.fedata:
      return load<u32>(at, Iommu.fedata);
    case VtdReg.feaddr:
      return load<u32>(at, Iommu.feaddr);
    case VtdReg.feuaddr:
      return load<u32>(at, Iommu.feuaddr);
    case VtdReg.iqh:
      return load<u32>(at, Iommu.iqh);
    case VtdReg.iqt:
      return load<u32>(at, Iommu.iqt);
    case VtdReg.iqa:
      return load<u32>(at, Iommu.iqa);
    case VtdReg.iqa + 4:
      return load<u32>(at, Iommu.iqa + 4);
    case VtdReg.ics:
      return load<u32>(at, Iommu.ics);
    case VtdReg.iectl:
      return load<u32>(at, Iommu.iectl);
    case VtdReg.iedata:
      return load<u32>(at, Iommu.iedata);
    case VtdReg.ieaddr:
      return load<u32>(at, Iommu.ieaddr);
    case VtdReg.ieuaddr:
      return load<u32>(at, Iommu.ieuaddr);
    case VtdReg.iqercd:
      return load<u32>(at, Iommu.iqercd);
    case VtdReg.iqercd + 4:
      return load<u32>(at, Iommu.iqercd + 4);
    case VtdReg.irta:
      return load<u32>(at, Iommu.irta);
    case VtdReg.irta + 4:
      return load<u32>(at, Iommu.irta + 4);
  }
  const n = frcdOf(u, offset);
  return n < 0 ? 0 : load<u32>(frcdAt(u, n) + (offset & 15));
}

/** Only the mask of an event's control register is writable. */
function writeMask(at: usize, value: u32): void {
  store<u32>(at, (load<u32>(at) & PENDING) | (value & MASKED));
}

export function write32(u: u32, offset: u32, value: u32): void {
  const at = iommuAt(u);
  switch (offset) {
    case VtdReg.gcmd:
      command(u, value);
      return;
    case VtdReg.rtaddr:
      store<u32>(at, value, Iommu.rtaddr);
      return;
    case VtdReg.rtaddr + 4:
      store<u32>(at, value, Iommu.rtaddr + 4);
      return;
    case VtdReg.fsts:
      clearStatus(u, value);
      return;
    case VtdReg.fectl:
      writeMask(at + Iommu.fectl, value);
      return;
    case VtdReg.fedata:
      store<u32>(at, value, Iommu.fedata);
      return;
    case VtdReg.feaddr:
      store<u32>(at, value & ~3, Iommu.feaddr);
      return;
    case VtdReg.feuaddr:
      store<u32>(at, value, Iommu.feuaddr);
      return;
    case VtdReg.iqt:
      store<u32>(at, value & 0x7fff0, Iommu.iqt);
      return;
    case VtdReg.iqa:
      store<u32>(at, value & 0xfffff807, Iommu.iqa);
      return;
    case VtdReg.iqa + 4:
      store<u32>(at, value, Iommu.iqa + 4);
      return;
    case VtdReg.ics:
      clearCompletion(u, value);
      return;
    case VtdReg.iectl:
      writeMask(at + Iommu.iectl, value);
      return;
    case VtdReg.iedata:
      store<u32>(at, value, Iommu.iedata);
      return;
    case VtdReg.ieaddr:
      store<u32>(at, value & ~3, Iommu.ieaddr);
      return;
    case VtdReg.ieuaddr:
      store<u32>(at, value, Iommu.ieuaddr);
      return;
    case VtdReg.irta:
      store<u32>(at, value & (iommuSetup(u, IommuSetup.eim) ? 0xfffff80f : 0xfffff00f), Iommu.irta);
      return;
    case VtdReg.irta + 4:
      store<u32>(at, value, Iommu.irta + 4);
      return;
  }
  const n = frcdOf(u, offset);
  if (n >= 0 && (offset & 15) == 12) clearRecord(u, n, value);
}
