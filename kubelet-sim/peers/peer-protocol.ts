/** What a connection between two processes is switched over to. */
export const PEER_PROTOCOL = 'nanokube-pod-network';
