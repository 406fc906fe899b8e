import {
  type ClusterRole,
  type ClusterRoleBinding,
  type KindInfo,
  type KubeObject,
  type Live,
  type PolicyRule,
  type Role,
  type RoleBinding,
  rbacKinds,
  type Subject,
} from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { isServiceAccount, serviceAccountName } from '../service-account-user.ts';
import type { UserInfo } from '../types.ts';

/*
 * Roles and bindings, laid out for the question "what was granted to this user?":
 *
 *   clusterGrants     subject -> binding -> grant
 *   namespaceGrants   namespace -> subject -> binding -> grant
 *   subject           `User/alice`, `Group/devs`; a service account is the user of its name
 *
 * 1. A request looks at the grants of its user and groups only, however many others there are.
 * 2. A grant names its role; rules are looked up when asked for, so that a change to a role touches nothing else.
 * 3. A change to a binding takes out what the old state put in, then puts in the new.
 */

/** A role given to a subject by a binding. */
export interface Grant {
  readonly bindingKind: 'ClusterRoleBinding' | 'RoleBinding';
  readonly bindingName: string;
  /** The binding's; `''` when it is cluster-wide. */
  readonly namespace: string;
  readonly roleKind: string;
  readonly roleName: string;
  /** The first subject of the binding that it was found by. */
  readonly subject: Subject;
}

type Grants = Map<string, Map<string, Grant>>;
type Binding = ClusterRoleBinding | RoleBinding;

/** A binding to a role that is not there. */
export class MissingRole extends Error {
  override readonly name = 'MissingRole';
  /** Undefined where nothing of the kind named can be. */
  readonly role: string | undefined;

  constructor(message: string, role?: string) {
    super(message);
    this.role = role;
  }
}

/** The live roles and bindings of a cluster. */
export class RoleIndex {
  readonly #objects: ObjectReader;
  readonly #clusterGrants: Grants = new Map();
  readonly #namespaceGrants = new Map<string, Grants>();
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  readonly #clusterRoles = new Map<string, Live<ClusterRole>>();
  #filled = false;

  constructor(objects: ObjectReader) {
    this.#objects = objects;
  }

  /** Everything granted to a user: cluster-wide, then in the namespace (`''` for none). */
  *grantsTo(user: UserInfo, namespace: string): Generator<Grant> {
    this.#fill();
    const subjects = [`User/${user.name}`, ...user.groups.map((group) => `Group/${group}`)];
    const local = namespace === '' ? undefined : this.#namespaceGrants.get(namespace);
    for (const grants of [this.#clusterGrants, local]) {
      if (!grants) continue;
      for (const subject of subjects) yield* grants.get(subject)?.values() ?? [];
    }
  }

  /** The rules of the role a grant names. @throws MissingRole */
  rulesOf({ roleKind, roleName, namespace }: Pick<Grant, 'roleKind' | 'roleName' | 'namespace'>): readonly PolicyRule[] {
    this.#fill();
    if (roleKind === 'ClusterRole') return this.#clusterRules(roleName);
    if (roleKind !== 'Role') throw new MissingRole(`unsupported role reference kind: ${JSON.stringify(roleKind)}`);
    const rules = this.#roles.get(`${namespace}/${roleName}`);
    if (!rules) throw new MissingRole(`role.rbac.authorization.k8s.io ${JSON.stringify(roleName)} not found`, roleName);
    return rules;
  }

  #clusterRules(name: string): readonly PolicyRule[] {
    const role = this.#clusterRoles.get(name);
    if (!role) throw new MissingRole(`clusterrole.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`, name);
    return role.rules ?? [];
  }

  #fill(): void {
    if (this.#filled) return;
    this.#follow<ClusterRole>(rbacKinds.clusterroles, (old, now) => {
      if (old) this.#clusterRoles.delete(old.metadata.name);
      if (now) this.#clusterRoles.set(now.metadata.name, now);
    });
    this.#follow<Role>(rbacKinds.roles, (old, now) => {
      if (old) this.#roles.delete(keyOf(old));
      if (now) this.#roles.set(keyOf(now), now.rules ?? []);
    });
    this.#follow<ClusterRoleBinding>(rbacKinds.clusterrolebindings, (old, now) => this.#replace(this.#clusterGrants, old, now));
    this.#follow<RoleBinding>(rbacKinds.rolebindings, (old, now) => {
      const namespace = (now ?? old)?.metadata.namespace ?? '';
      const grants: Grants = this.#namespaceGrants.get(namespace) ?? new Map();
      this.#replace(grants, old, now);
      if (grants.size > 0) this.#namespaceGrants.set(namespace, grants);
      else this.#namespaceGrants.delete(namespace);
    });
    this.#filled = true;
  }

  /** Calls `apply` for what there is and for each change, with the state before. */
  #follow<T extends KubeObject>(kind: KindInfo, apply: (old: Live<T> | undefined, now: Live<T> | undefined) => void): void {
    const known = new Map<string, Live<T>>();
    const set = (object: Live<T>, gone: boolean) => {
      const key = keyOf(object);
      apply(known.get(key), gone ? undefined : object);
      if (gone) known.delete(key);
      else known.set(key, object);
    };
    this.#objects.onChange<T>(kind, ({ type, object }) => set(object, type === 'DELETED'));
    for (const object of this.#objects.list<T>(kind)) set(object, false);
  }

  #replace(grants: Grants, old: Live<Binding> | undefined, now: Live<Binding> | undefined): void {
    for (const subject of old?.subjects ?? []) {
      const key = subjectKey(subject, old?.metadata.namespace ?? '');
      const given = grants.get(key);
      given?.delete(old?.metadata.name ?? '');
      if (given?.size === 0) grants.delete(key);
    }
    if (!now) return;
    for (const subject of now.subjects ?? []) {
      const key = subjectKey(subject, now.metadata.namespace ?? '');
      const given = grants.get(key) ?? new Map<string, Grant>();
      if (!given.has(now.metadata.name)) given.set(now.metadata.name, grantOf(now, subject));
      grants.set(key, given);
    }
  }
}

const keyOf = ({ metadata }: Live<KubeObject>): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** A service account without a namespace is one of the binding's; in a cluster-wide binding it is nobody. */
function subjectKey(subject: Subject, bindingNamespace: string): string {
  if (!isServiceAccount(subject)) return `${subject.kind}/${subject.name}`;
  const home = subject.namespace || bindingNamespace;
  return home === '' ? 'nobody' : `User/${serviceAccountName(home, subject.name)}`;
}

const grantOf = ({ metadata, roleRef }: Live<Binding>, subject: Subject): Grant => ({
  bindingKind: metadata.namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  bindingName: metadata.name,
  namespace: metadata.namespace ?? '',
  roleKind: roleRef.kind,
  roleName: roleRef.name,
  subject,
});
