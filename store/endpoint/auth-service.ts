/** etcd's Auth service, with authentication off for good: who may connect is a matter of client certificates here. */
import { AUTH_SERVICE } from '../rpc/index.ts';
import { type Backend, headerOf } from './backend.ts';
import { etcdError } from './errors.ts';
import { type Route, unary } from './grpc/server.ts';
import { GRPC_CODE, GrpcError } from './grpc/status.ts';

/** The auth store of an etcd that never had a user is at this revision. */
const AUTH_REVISION = 1;

const REFUSED = [
  'UserAdd',
  'UserGet',
  'UserList',
  'UserDelete',
  'UserChangePassword',
  'UserGrantRole',
  'UserRevokeRole',
  'RoleAdd',
  'RoleGet',
  'RoleList',
  'RoleDelete',
  'RoleGrantPermission',
  'RoleRevokePermission',
];

export function authRoutes(backend: Backend): Route[] {
  return [
    unary(AUTH_SERVICE.authStatus, () => ({ header: headerOf(backend), authRevision: AUTH_REVISION })),
    unary(AUTH_SERVICE.authDisable, () => ({ header: headerOf(backend) })),
    // There is no user called root, as etcd demands; nor will there be.
    unary(AUTH_SERVICE.authEnable, () => {
      throw etcdError.rootUserNotExist();
    }),
    unary(AUTH_SERVICE.authenticate, () => {
      throw etcdError.authNotEnabled();
    }),
    ...REFUSED.map((name): Route => ({ path: `/etcdserverpb.Auth/${name}`, answer: () => Promise.reject(noUsers()) })),
  ];
}

const noUsers = (): GrpcError => new GrpcError(GRPC_CODE.unimplemented, 'etcdserver: a nanokube store has no users and roles');
