import { rawExtension, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const watchEvent = message('io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent', 'One change as a watch tells of it.', () => ({
  type: string(1, 'What happened: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.', { required: true }),
  object: rawExtension(
    2,
    'The object after the change, as it was before it was deleted, with nothing but a resourceVersion, or a Status.',
    {
      required: true,
    },
  ),
}));
export interface WatchEvent extends Of<typeof watchEvent> {}
