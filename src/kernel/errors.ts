/** What an author of a kernel model did wrong, as one sentence that says where and what would be right. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}
