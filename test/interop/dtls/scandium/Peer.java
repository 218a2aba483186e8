// A device and a server on Californium's CoAP and Scandium's DTLS. Standard input, one line per command:
//   client port=P how=psk|rpk|x509 suite=NAME [cid=BYTES] [mtu=BYTES] [sessions=kept] rounds=N
//   server how=psk|rpk|x509 suite=NAME [cid=BYTES]
//   stop (ends the server)
// A client shakes hands anew for each round, with sessions kept by going on with that of the round before, and has three bodies
// echoed. `folder` (the argument) holds keys and certificates.
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.HashMap;
import java.util.Map;
import java.util.Scanner;
import java.util.UUID;
import org.eclipse.californium.core.CoapClient;
import org.eclipse.californium.core.CoapResource;
import org.eclipse.californium.core.CoapResponse;
import org.eclipse.californium.core.CoapServer;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.core.server.resources.CoapExchange;
import org.eclipse.californium.elements.DtlsEndpointContext;
import org.eclipse.californium.elements.EndpointContext;
import org.eclipse.californium.elements.auth.RawPublicKeyIdentity;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedMultiPskStore;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedSinglePskStore;
import org.eclipse.californium.scandium.dtls.x509.SingleCertificateProvider;
import org.eclipse.californium.scandium.dtls.x509.StaticNewAdvancedCertificateVerifier;

public class Peer {
    static Path folder;

    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    static byte[] psk() {
        byte[] key = new byte[16];
        for (int i = 0; i < 16; i++) key[i] = (byte) i;
        return key;
    }

    static PrivateKey key(String name) throws Exception {
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve(name + ".p8.der"))));
    }

    static X509Certificate certificate(String name) throws Exception {
        byte[] bytes = Files.readAllBytes(folder.resolve(name + ".pem"));
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(bytes));
    }

    /** A connector that proves itself as `own` and takes `other`. */
    static DTLSConnector connector(Map<String, String> o, boolean server, Configuration c) throws Exception {
        String own = server ? "srv" : "cli", other = server ? "cli" : "srv";
        c.set(DtlsConfig.DTLS_ROLE, server ? DtlsConfig.DtlsRole.SERVER_ONLY : DtlsConfig.DtlsRole.CLIENT_ONLY);
        c.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
        c.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, CipherSuite.getTypeByName(o.get("suite")));
        if (o.containsKey("cid")) c.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, Integer.parseInt(o.get("cid")));
        if (o.containsKey("mtu")) c.set(DtlsConfig.DTLS_MAX_TRANSMISSION_UNIT, Integer.parseInt(o.get("mtu")));
        DtlsConnectorConfig.Builder b = DtlsConnectorConfig.builder(c);
        if (server) b.setAddress(new InetSocketAddress("127.0.0.1", 0));
        if (o.get("how").equals("psk")) {
            AdvancedMultiPskStore known = new AdvancedMultiPskStore();
            known.setKey("dev1", psk());
            b.setAdvancedPskStore(server ? known : new AdvancedSinglePskStore("dev1", psk()));
        } else if (o.get("how").equals("rpk")) {
            PublicKey mine = certificate(own).getPublicKey(), theirs = certificate(other).getPublicKey();
            b.setCertificateIdentityProvider(new SingleCertificateProvider(key(own), mine));
            b.setAdvancedCertificateVerifier(
                    StaticNewAdvancedCertificateVerifier.builder().setTrustedRPKs(new RawPublicKeyIdentity(theirs)).build());
        } else {
            b.setCertificateIdentityProvider(new SingleCertificateProvider(key(own), new X509Certificate[] { certificate(own) }));
            b.setAdvancedCertificateVerifier(
                    StaticNewAdvancedCertificateVerifier.builder().setTrustedCertificates(certificate("ca")).build());
        }
        return new DTLSConnector(b.build());
    }

    static void client(Map<String, String> o) throws Exception {
        Configuration c = Configuration.createStandardWithoutFile();
        DTLSConnector connector = connector(o, false, c);
        CoapEndpoint endpoint = new CoapEndpoint.Builder().setConfiguration(c).setConnector(connector).build();
        endpoint.start();
        int good = 0, rounds = Integer.parseInt(o.get("rounds"));
        for (int round = 0; round < rounds; round++) {
            if (o.containsKey("sessions")) connector.forceResumeAllSessions();
            else connector.clearConnectionState();
            // A client remembers the session of the last response, and would insist on it.
            CoapClient client = new CoapClient("coaps://127.0.0.1:" + o.get("port") + "/echo");
            client.setEndpoint(endpoint);
            client.setTimeout(15000L);
            boolean ok = true;
            String context = "none";
            for (int i = 0; i < 3 && ok; i++) {
                String body = UUID.randomUUID().toString();
                Request request = Request.newPost();
                request.setPayload(body);
                CoapResponse response = client.advanced(request);
                ok = response != null && response.getResponseText().equals(body);
                if (response != null) {
                    EndpointContext e = response.advanced().getSourceContext();
                    context = "cipher=" + e.get(DtlsEndpointContext.KEY_CIPHER)
                            + " read=" + e.get(DtlsEndpointContext.KEY_READ_CONNECTION_ID)
                            + " write=" + e.get(DtlsEndpointContext.KEY_WRITE_CONNECTION_ID);
                }
            }
            if (ok) good++;
            say("ROUND " + round + " " + (ok ? "good" : "bad") + " " + context);
        }
        endpoint.destroy();
        say("DONE " + good);
    }

    static CoapServer server(Map<String, String> o) throws Exception {
        Configuration c = Configuration.createStandardWithoutFile();
        CoapServer server = new CoapServer(c);
        CoapEndpoint endpoint = new CoapEndpoint.Builder().setConfiguration(c).setConnector(connector(o, true, c)).build();
        server.addEndpoint(endpoint);
        server.add(new CoapResource("echo") {
            @Override
            public void handlePOST(CoapExchange exchange) {
                exchange.respond(CoAP.ResponseCode.CHANGED, exchange.getRequestPayload());
            }
        });
        server.start();
        say("SERVER " + endpoint.getAddress().getPort());
        return server;
    }

    public static void main(String[] arguments) throws Exception {
        CoapConfig.register();
        DtlsConfig.register();
        folder = Path.of(arguments[0]);
        CoapServer server = null;
        say("READY");
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            String[] words = in.nextLine().trim().split(" +");
            Map<String, String> o = new HashMap<>();
            for (String word : words) {
                String[] pair = word.split("=", 2);
                o.put(pair[0], pair.length > 1 ? pair[1] : "");
            }
            try {
                if (words[0].equals("client")) client(o);
                if (words[0].equals("server")) server = server(o);
                if (words[0].equals("stop") && server != null) server.destroy();
            } catch (Exception e) {
                say("FAILED " + e);
            }
        }
        System.exit(0);
    }
}
