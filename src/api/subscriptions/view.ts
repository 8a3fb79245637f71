import { FAILURES_MAX } from './limits.ts'
import type { Kept, Plan } from './types.ts'

const HIDDEN = '(hidden)'

/** A subscription as it is shown: what was asked for, and how it fares; secrets to its owner alone. */
export function shown ({ kept, plan }: { readonly kept: Kept, readonly plan: Plan }, status: 'active' | 'paused' | 'expired', isOwn: boolean): Readonly<Record<string, unknown>> {
  const { definition, context, progress } = kept
  const { notification, id: _id, ...rest } = definition
  const { endpoint, ...others } = notification as Readonly<Record<string, unknown>>
  const instant = (timeMs: number | null): string | undefined => timeMs === null ? undefined : new Date(timeMs).toISOString()
  return {
    id: kept.id, ...rest, isActive: plan.isActive, status,
    notification: {
      ...others, endpoint: isOwn ? endpoint : withoutSecrets(endpoint as Readonly<Record<string, unknown>>), status: progress.failuresInRow >= FAILURES_MAX ? 'failed' : 'ok', timesSent: progress.timesSent, timesFailed: progress.timesFailed,
      lastNotification: instant(progress.lastNotificationMs), lastSuccess: instant(progress.lastSuccessMs), lastFailure: instant(progress.lastFailureMs),
      ...progress.lastReason === null ? {} : { lastFailureReason: progress.lastReason }
    },
    ...typeof context === 'string' ? { jsonldContext: context } : {}
  }
}

function withoutSecrets (endpoint: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { receiverInfo, uri } = endpoint
  return {
    ...endpoint, uri: String(uri).replace(/\/\/[^/@]*@/, `//${HIDDEN}@`),
    ...Array.isArray(receiverInfo) ? { receiverInfo: (receiverInfo as readonly { readonly key: unknown }[]).map(({ key }) => ({ key, value: HIDDEN })) } : {}
  }
}
