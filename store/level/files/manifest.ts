import { DamagedFile, readLogFile } from './log-file.ts';
import { Cursor } from './varint.ts';

/** What LevelDB's manifest says there is. */
export interface Manifest {
  /** Bytes of each table, by its number. */
  readonly tables: ReadonlyMap<number, number>;
  /** The first write-ahead log that is not in tables yet; 0 when none was begun. */
  readonly logNumber: number;
}

/** Fields of an edit (db/version_edit.cc). */
const FIELD = { comparator: 1, logNumber: 2, nextFile: 3, lastSequence: 4, compactPointer: 5, deletedFile: 6, newFile: 7, previousLog: 9 };

/** @throws DamagedFile when it is not as it was written. */
export function readManifest(file: Buffer): Manifest {
  const tables = new Map<number, number>();
  let logNumber = 0;
  for (const edit of readLogFile(file)) {
    const cursor = new Cursor(edit);
    while (!cursor.atEnd) {
      const number = readField(cursor, tables);
      if (number !== undefined) logNumber = number;
    }
  }
  return { tables, logNumber };
}

/** @returns the log number, when that is the field. */
function readField(cursor: Cursor, tables: Map<number, number>): number | undefined {
  const field = cursor.varint();
  switch (field) {
    case FIELD.logNumber:
      return cursor.varint();
    case FIELD.comparator:
      cursor.prefixed();
      return undefined;
    case FIELD.nextFile:
    case FIELD.lastSequence:
    case FIELD.previousLog:
      cursor.varint();
      return undefined;
    case FIELD.compactPointer:
      cursor.varint();
      cursor.prefixed();
      return undefined;
    case FIELD.deletedFile:
      cursor.varint();
      tables.delete(cursor.varint());
      return undefined;
    case FIELD.newFile:
      cursor.varint();
      tables.set(cursor.varint(), cursor.varint());
      cursor.prefixed();
      cursor.prefixed();
      return undefined;
    default:
      throw new DamagedFile(`there is no field ${field}`);
  }
}
