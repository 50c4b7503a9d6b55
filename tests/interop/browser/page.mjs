// The page's side, as an app developer writes it: connect, subscribe, send, show what comes.
import { createLightNode } from '@waku/sdk'

const show = (list, text) => { const li = document.createElement('li'); li.textContent = text; document.getElementById(list).append(li) }
const state = text => { document.getElementById('state').textContent = text }

let waku
let encoder

window.app = {
  received: [],

  async start ({ address, cluster, shards, contentTopic }) {
    document.getElementById('node').textContent = address
    state('connecting')
    waku = await createLightNode({
      networkConfig: { clusterId: cluster, numShardsInCluster: shards },
      bootstrapPeers: [address],
      discovery: { dns: false, peerExchange: false, peerCache: false },
      numPeersToUse: 1,
      libp2p: { filterMultiaddrs: false, hideWebSocketInfo: true } // plain ws too
    })
    await waku.waitForPeers(['lightpush', 'filter'], 20000)
    encoder = waku.createEncoder({ contentTopic })
    const subscribed = await waku.filter.subscribe([waku.createDecoder({ contentTopic })], message => {
      const text = new TextDecoder().decode(message.payload)
      window.app.received.push(text)
      show('received', text)
    })
    state(subscribed ? 'subscribed' : 'not subscribed')
    return { subscribed, muxer: waku.libp2p.getConnections()[0].multiplexer, address: waku.libp2p.getConnections()[0].remoteAddr.toString() }
  },

  async send (text) {
    const { successes, failures } = await waku.lightPush.send(encoder, { payload: new TextEncoder().encode(text) }, { autoRetry: false })
    if (successes.length > 0) show('sent', text)
    return { successes: successes.length, failures: failures.map(f => f.error) }
  },

  async stop () { state('stopped'); await waku.stop() }
}
