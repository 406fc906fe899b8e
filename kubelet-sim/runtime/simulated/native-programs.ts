import { coreDns } from './coredns/coredns.ts';
import { CSI_PROGRAMS } from './csi/index.ts';
import type { ImageFacts } from './image-catalog.ts';
import { INGRESS_PROGRAMS } from './ingress-nginx/index.ts';
import { nginxProgram } from './nginx/nginx.ts';
import type { Program } from './program.ts';
import { TEST_PROGRAMS } from './test-images/index.ts';

/** A program whose commands mean something to it, whoever gives them: a container, a shell, or somebody who runs one in a container. */
const NATIVE_COMMANDS: Readonly<Record<string, (start: CommandStart) => Program | undefined>> = {
  nginx: nginxProgram,
  hostpathplugin: ({ argv }) => (argv.length > 0 ? CSI_PROGRAMS.hostpathplugin(argv) : undefined),
};

/** How such a program comes to be run. */
export interface CommandStart {
  /** Empty for what the image runs by itself. */
  readonly argv: readonly string[];
  readonly image: ImageFacts;
  /** The image's entrypoint is run before. */
  readonly hasEntrypoint: boolean;
  /** The container has its image's configuration, and runs as its user on files that it may write. */
  readonly isAsMade: boolean;
}

/** Run by hand, it does what it does for containers. */
const ENTRYPOINT = /docker-entrypoint\.sh$/;

/** What a command of an image is, when its programs are such. */
export const programOf = (image: ImageFacts, argv: readonly string[], start: Partial<CommandStart> = {}): Program | undefined =>
  NATIVE_COMMANDS[image.native]?.({ argv, image, hasEntrypoint: ENTRYPOINT.test(argv[0] ?? ''), isAsMade: false, ...start });

/** Programs of this code by their names in descriptions of images; made from the command line. */
export const NATIVE_PROGRAMS: Readonly<Record<string, (argv: readonly string[]) => Program>> = {
  coredns: coreDns,
  ...CSI_PROGRAMS,
  ...INGRESS_PROGRAMS,
  ...TEST_PROGRAMS,
};
