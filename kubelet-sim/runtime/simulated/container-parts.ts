import type { ContainerConfig } from '../cri.ts';
import type { SimulatedContainer } from './container.ts';
import type { ImageFacts } from './image-catalog.ts';
import type { Sandbox } from './sandbox.ts';

/** What a container is made of, beside its configuration. */
export interface ContainerParts {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly image: ImageFacts;
  readonly imageName: string;
  readonly imageRef: string;
  readonly onChange: (container: SimulatedContainer) => void;
}
