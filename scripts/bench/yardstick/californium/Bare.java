// A bare server on Californium and Scandium, as they come: PSK with CCM_8 and Connection IDs of 8 bytes, every request is
// answered 2.04 without a payload. All identities have one key. Prints `ready PORT`; ends when its input does.
import java.net.InetSocketAddress;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.eclipse.californium.core.CoapServer;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.core.coap.Response;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.core.network.Exchange;
import org.eclipse.californium.core.server.MessageDeliverer;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.ConnectionId;
import org.eclipse.californium.scandium.dtls.HandshakeResultHandler;
import org.eclipse.californium.scandium.dtls.PskPublicInformation;
import org.eclipse.californium.scandium.dtls.PskSecretResult;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedPskStore;
import org.eclipse.californium.scandium.util.ServerNames;

public class Bare {
    static class OneKey implements AdvancedPskStore {
        private final byte[] key;

        OneKey(byte[] key) {
            this.key = key;
        }

        public boolean hasEcdhePskSupported() {
            return false;
        }

        public PskSecretResult requestPskSecretResult(ConnectionId cid, ServerNames names, PskPublicInformation identity,
                String algorithm, SecretKey other, byte[] seed, boolean extended) {
            return new PskSecretResult(cid, identity, new SecretKeySpec(key, "PSK"));
        }

        public PskPublicInformation getIdentity(InetSocketAddress peer, ServerNames names) {
            return null;
        }

        public void setResultHandler(HandshakeResultHandler handler) {
        }
    }

    public static void main(String[] arguments) throws Exception {
        CoapConfig.register();
        DtlsConfig.register();
        byte[] key = new byte[16];
        for (int i = 0; i < key.length; i++) key[i] = (byte) i;
        Configuration c = Configuration.createStandardWithoutFile();
        c.set(DtlsConfig.DTLS_ROLE, DtlsConfig.DtlsRole.SERVER_ONLY);
        c.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
        c.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, CipherSuite.TLS_PSK_WITH_AES_128_CCM_8);
        c.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, 8);
        c.set(DtlsConfig.DTLS_MAX_CONNECTIONS, 150000);
        DTLSConnector connector = new DTLSConnector(DtlsConnectorConfig.builder(c)
                .setAddress(new InetSocketAddress("127.0.0.1", 0)).setAdvancedPskStore(new OneKey(key)).build());
        CoapEndpoint endpoint = new CoapEndpoint.Builder().setConfiguration(c).setConnector(connector).build();
        CoapServer server = new CoapServer(c);
        server.addEndpoint(endpoint);
        server.setMessageDeliverer(new MessageDeliverer() {
            public void deliverRequest(Exchange exchange) {
                exchange.sendResponse(new Response(CoAP.ResponseCode.CHANGED));
            }

            public void deliverResponse(Exchange exchange, Response response) {
            }
        });
        server.start();
        System.out.println("ready " + endpoint.getAddress().getPort());
        System.out.flush();
        while (System.in.read() >= 0) {
        }
        System.exit(0);
    }
}
