export { type WebhookCall, WebhookClient, WebhookError, type WebhookService, type WebhookTarget } from './webhook-client.ts';
