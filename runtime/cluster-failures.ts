import type { Cluster, Redis } from 'ioredis'

/**
 * Lets the error of a cluster that no node of answers say why: ioredis asks its nodes by connections whose errors it
 * drops, a refused certificate among them, and knows afterwards only that they are closed. Call it before the cluster
 * has begun to connect, and before anybody else listens to its errors.
 */
export function tellWhyNodesFail(cluster: Cluster): void {
  let failure: Error | undefined
  cluster.on('+node', (node: Redis) => {
    const duplicate = node.duplicate.bind(node)
    node.duplicate = (options) => {
      const asking = duplicate(options)
      asking.on('error', (error) => {
        failure = error
      })
      return asking
    }
  })
  cluster.on('ready', () => {
    failure = undefined
  })
  cluster.on('error', (error: Error & { lastNodeError?: Error & { code?: string } }) => {
    const { lastNodeError } = error
    // A node's own reply (`WRONGPASS`) is its reason already.
    if (lastNodeError === undefined || lastNodeError.name === 'ReplyError' || lastNodeError.code !== undefined) return
    const silent = Object.assign(new Error('no node answers in time'), { code: 'ETIMEDOUT' })
    error.lastNodeError = lastNodeError.message === 'timeout' ? silent : (failure ?? lastNodeError)
  })
}
