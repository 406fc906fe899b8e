import type { KindInfo } from '../../api/index.ts';
import type { DefinitionSource } from './definitions.ts';

/** A kind as it is told of: its facts, and what its objects look like. */
export interface PublishedKind {
  readonly info: KindInfo;
  readonly message: DefinitionSource;
  /** Whether a delete is answered with the object that is gone. */
  readonly deleteReturnsObject?: boolean | undefined;
}
