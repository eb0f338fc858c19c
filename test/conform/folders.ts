/** The recordings of Linux 6.12.117 that the repository keeps, reduced to what their reader reads. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { folderFiles, readFolder, readRecording, type Files, type Recording } from '../../src/conform/index.js';

export const recorded = {
  /** affinity moves with interrupt remapping */
  irMoves: 'a_ir_affinity_k612',
  /** CPUs go and come with interrupt remapping */
  irHotplug: 'b_ir_hotplug_k612',
  /** affinity moves without remapping, MSI-X */
  moves: 'c_noir_affinity_k612',
  /** the same with plain MSI */
  msiMoves: 'e1_noir_affinity_msi_k612',
  /** CPUs go and come without remapping */
  hotplug: 'e2_noir_hotplug_msi_k612',
} as const;

const root = fileURLToPath(new URL('../conformance/linux/', import.meta.url));

export function filesOf(name: string): Map<string, string> {
  return new Map(
    Object.values(folderFiles).flatMap((file) => {
      const path = `${root}${name}/${file}`;
      return existsSync(path) ? [[file, readFileSync(path, 'utf8')] as const] : [];
    }),
  );
}

export function recordingOf(name: string, files: Files = filesOf(name)): Recording {
  return readRecording(readFolder(files, name));
}
