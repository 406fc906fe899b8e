export { type WebhookCall, WebhookClient, type WebhookService, type WebhookTarget } from './webhook-client.ts';
