import type { ImageEntry } from './image-catalog.ts';
import { BASES } from './images/bases.ts';
import { CSI } from './images/csi.ts';
import { DATABASES } from './images/databases.ts';
import { EXAMPLES } from './images/examples.ts';
import { WEB } from './images/web.ts';

/** The images that people name most; what is not here stays and says nothing. */
export const IMAGES: readonly ImageEntry[] = [...BASES, ...WEB, ...DATABASES, ...CSI, ...EXAMPLES];
