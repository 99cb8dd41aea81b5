import { expect, test } from 'vitest'
import type { EngineSettings } from '../../config.ts'
import { type ApprovalPolicy, approvalOptions } from '../../policy/approvals/options.ts'
import type { AnyAction } from '../action.ts'
import { allActions } from '../all-actions.ts'
import { canNeedApproval, sameActions } from '../danger.ts'
import { policyOf } from './policy-of.ts'

const all = (await allActions()) as AnyAction[]
const named = (name: string) => all.find((action) => action.name === name) as AnyAction

function policyFor(name: string, policies: Partial<ApprovalPolicy>[]) {
  const approvals = approvalOptions.parse({ people: [{ id: 'ann' }, { id: 'bob' }], policies })
  return policyOf({ approvals } as EngineSettings, named(name), {})
}

/** An undo of media alone went past a policy that named `restores.undo`. */
test.each([
  ['restores.undo', 'restores.undoMedia'],
  ['restores.discard', 'restores.discardMedia'],
  ['backups.download', 'backups.export'],
  ['backups.download', 'backups.exportToFolder'],
  ['backups.export', 'backups.download'],
])('a policy that names %s holds for %s', (name, other) => {
  expect(policyFor(other, [{ actions: [name] }])?.actions).toEqual([name])
  expect(policyFor(other, [{ actions: [name] }, { actions: 'dangerous' }])?.actions).toEqual([name])
  expect(policyFor(other, [{ actions: [name] }, { actions: [other], approvers: 1 }])?.actions).toEqual([other])
  expect(policyFor('restores.run', [{ actions: [name] }])).toBeNull()
})

test('every action that does the same as another one is an action that can need approval', () => {
  const twins = all.filter(({ name }) => sameActions(name).length > 1)
  expect(twins.map(({ name }) => name).sort()).toEqual(
    [...new Set(twins.flatMap(({ name }) => sameActions(name)))].sort(),
  )
  expect(twins.filter((action) => !canNeedApproval(action))).toEqual([])
})
