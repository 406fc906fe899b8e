export { ClusterAgent, type ClusterRequest, endedBy, type PodDialer } from './cluster-agent.ts';
export { type Address, addressesOf, addressOf, SERVICE_LABEL, type ServicePort, slicesOf } from './service-address.ts';
export {
  addressIn,
  inGo,
  type WebhookCall,
  WebhookClient,
  type WebhookCredentials,
  WebhookError,
  type WebhookService,
  type WebhookTarget,
} from './webhook-client.ts';
