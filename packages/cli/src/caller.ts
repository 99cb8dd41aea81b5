import { permissions } from '@lifeboat/core'
import { type Caller, type CallOptions, systemUser } from '@lifeboat/core/actions'

/** The command acts for the user of the operating system. What people confirm is confirmed here, by its hash. */
export function commandCaller({ as: actor, confirm, unrecorded }: CallOptions): Caller {
  return {
    actor: actor ?? { id: systemUser(), permissions },
    ...{ face: 'command', trigger: 'manual', address: null, confirmation: 'required' },
    ...(confirm === undefined ? {} : { confirm }),
    ...(unrecorded === undefined ? {} : { unrecorded }),
  }
}
