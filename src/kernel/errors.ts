/** What an author of a kernel model did wrong, as one sentence that says where and what would be right. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}

/** A routine that gets another body is none of this machine's; others may have it. */
export class NoRoutineError extends AssemblyError {}
