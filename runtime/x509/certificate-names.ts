import type { X509Certificate } from 'node:crypto';
import { oidText } from './asn1-values.ts';
import { DER_TAG, DerReader } from './der-reader.ts';

/** What a certificate calls its subject and its key, to the byte. */
export interface CertificateNames {
  readonly name: Buffer;
  /** Undefined when it has no name for its key. */
  readonly keyIdentifier: Buffer | undefined;
}

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

/** Node shows the name of a certificate, but not its bytes; those who look for an issuer compare bytes. */
export function certificateNames({ raw }: X509Certificate): CertificateNames {
  const whole = new DerReader(new DerReader(raw).expect(DER_TAG.sequence, 'certificate').content);
  const fields = new DerReader(whole.expect(DER_TAG.sequence, 'tbsCertificate').content);
  const elements = [];
  while (!fields.done) elements.push(fields.next());
  // Version (in a context of its own), serial number, algorithm, issuer, validity, subject.
  const hasVersion = elements[0]?.tagClass === 2;
  const name = elements[hasVersion ? 5 : 4]?.whole ?? Buffer.alloc(0);
  const extensions = elements.find(({ tagClass, tag }) => tagClass === 2 && tag === 3);
  return { name, keyIdentifier: extensions && keyIdentifierIn(extensions.content) };
}

function keyIdentifierIn(extensions: Buffer): Buffer | undefined {
  const list = new DerReader(new DerReader(extensions).expect(DER_TAG.sequence, 'extensions').content);
  while (!list.done) {
    const parts = new DerReader(list.expect(DER_TAG.sequence, 'extension').content);
    if (oidText(parts.expect(DER_TAG.oid, 'ObjectIdentifier').content) !== SUBJECT_KEY_IDENTIFIER) continue;
    let value = parts.next();
    while (!parts.done) value = parts.next();
    return new DerReader(value.content).next().content;
  }
  return undefined;
}
