// A device of ours on Eclipse Leshan's client library (EPL-2.0/EDL-1.0, fetched when the tests run, not part of this project).
// Arguments: ep=NAME url=coap[s]://HOST:PORT models=FILE,FILE [lt=SECONDS] [queue] [timeout=SECONDS] [cid=BYTES], -1: none, and
// with coaps one of psk=IDENTITY:HEXKEY, rpk=KEY,PUBLIC,SERVERPUBLIC and x509=KEY,CERTIFICATE,SERVERISSUER: files in PEM or DER, KEY in PKCS #8.
// Standard input: update | temp VALUE | values first | values other | send FORMAT PATH.. | collect PATH.. |
// sendcollected FORMAT | stop | kill.   Standard output: one event a line.
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.engine.DefaultRegistrationEngineFactory;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.BaseInstanceEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.resource.SimpleInstanceEnabler;
import org.eclipse.leshan.client.send.ManualDataSender;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.CertificateUsage;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.link.Link;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.ObjectLink;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.DeregisterRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.request.UpdateRequest;
import org.eclipse.leshan.core.request.argument.Arguments;
import org.eclipse.leshan.core.response.ExecuteResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.response.WriteResponse;
import org.eclipse.leshan.core.util.Hex;
import org.eclipse.leshan.core.util.datatype.ULong;
import org.eclipse.leshan.transport.californium.client.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coap.CoapClientProtocolProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coaps.CoapsClientProtocolProvider;

public class Peer {
    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** A sensor whose value is set from standard input. */
    public static class Temperature extends BaseInstanceEnabler {
        volatile double value = 20;

        @Override
        public ReadResponse read(LwM2mServer server, int resource) {
            if (resource == 5700) return ReadResponse.success(resource, value);
            if (resource == 5701) return ReadResponse.success(resource, "Cel");
            return super.read(server, resource);
        }

        @Override
        public ExecuteResponse execute(LwM2mServer server, int resource, Arguments arguments) {
            say("EXECUTED 3303 " + resource + " " + arguments.serialize());
            return resource == 5605 ? ExecuteResponse.success() : super.execute(server, resource, arguments);
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            return List.of(5605, 5700, 5701);
        }
    }

    /** One resource of every data type, single and multiple. */
    public static class AllTypes extends SimpleInstanceEnabler {
        public AllTypes() {}

        AllTypes(int id) {
            super(id, initial());
        }

        static Map<Integer, Object> initial() {
            Map<Integer, Object> values = new HashMap<>();
            values.put(110, "initial value");
            values.put(120, 1024L);
            values.put(125, ULong.valueOf("9223372036854775809"));
            values.put(130, 3.14159);
            values.put(140, true);
            values.put(150, new byte[] {1, 2, 3, 4, 5});
            values.put(160, new Date(946684800000L));
            values.put(170, new ObjectLink(3, 0));
            values.put(180, new Link[] {new Link("/1/0")});
            values.put(1110, Map.of(0, "one", 1, "two"));
            values.put(1120, Map.of(0, 1L, 1, -5L, 2, 4294967296L));
            values.put(1140, Map.of(0, true, 1, false));
            return values;
        }

        static Map<Integer, Object> other() {
            Map<Integer, Object> values = new HashMap<>();
            values.put(110, "gr\u00fc\u00dfe \ud83e\udd8a");
            values.put(120, -9007199254740993L);
            values.put(125, ULong.valueOf("10000000000000000000"));
            values.put(130, -2.5e-3);
            values.put(140, false);
            values.put(150, new byte[] {(byte) 0xff, (byte) 0xfe, (byte) 0xfd, (byte) 0xfc});
            values.put(160, Date.from(Instant.parse("2031-02-03T04:05:06Z")));
            values.put(170, new ObjectLink(1, 0));
            values.put(180, new Link[] {new Link("/3/0"), new Link("/3303/0/5700")});
            values.put(1120, Map.of(3, 7L, 4, Long.MIN_VALUE));
            return values;
        }

        /** Takes other values on, and tells who observes them. */
        void assume(Map<Integer, Object> values) {
            fireResourcesChange(applyValues(values));
        }

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int resource, LwM2mResource value) {
            say("WRITTEN " + resource + " " + value);
            return super.write(server, replace, resource, value);
        }

        @Override
        public ExecuteResponse execute(LwM2mServer server, int resource, Arguments arguments) {
            say("EXECUTED 3442 " + resource + " " + (arguments.isEmpty() ? "" : arguments.serialize()));
            return ExecuteResponse.success();
        }
    }

    /** What is in a file, in DER. */
    static byte[] der(String file) throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of(file));
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        return text.startsWith("-----") ? Base64.getMimeDecoder().decode(text.replaceAll("-----[^-]+-----", "")) : bytes;
    }

    /** The account of the server: how it is reached, and what both sides prove. */
    static Security account(Map<String, String> options) throws IOException {
        String url = options.get("url");
        if (options.containsKey("psk")) {
            String[] pair = options.get("psk").split(":");
            byte[] key = Hex.decodeHex(pair[1].toCharArray());
            return Security.psk(url, 123, pair[0].getBytes(StandardCharsets.UTF_8), key);
        }
        if (options.containsKey("rpk")) {
            String[] files = options.get("rpk").split(",");
            return Security.rpk(url, 123, der(files[1]), der(files[0]), der(files[2]));
        }
        if (options.containsKey("x509")) {
            String[] files = options.get("x509").split(",");
            ULong usage = CertificateUsage.TRUST_ANCHOR_ASSERTION.code;
            return Security.x509(url, 123, der(files[1]), der(files[0]), der(files[2]), usage);
        }
        return Security.noSec(url, 123);
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (String arg : args) {
            String[] pair = arg.split("=", 2);
            options.put(pair[0], pair.length > 1 ? pair[1] : "");
        }
        List<ObjectModel> models = new ArrayList<>(ObjectLoader.loadDefault());
        for (String name : options.get("models").split(",")) {
            File file = new File(name);
            try (FileInputStream in = new FileInputStream(file)) {
                models.addAll(ObjectLoader.loadDdfFile(in, file.getName()));
            }
        }
        Temperature temperature = new Temperature();
        AllTypes allTypes = new AllTypes(0);
        ManualDataSender collector = new ManualDataSender();
        ObjectsInitializer objects = new ObjectsInitializer(new StaticModel(models));
        objects.setInstancesForObject(0, account(options));
        objects.setInstancesForObject(1, new Server(123, Integer.parseInt(options.getOrDefault("lt", "300"))));
        objects.setInstancesForObject(3, new Device("Leshan", "M18", "0001"));
        objects.setInstancesForObject(3303, temperature);
        objects.setInstancesForObject(3442, allTypes);
        objects.setFactoryForObject(3442, (model, id, used) -> {
            AllTypes instance = new AllTypes(id == null ? (used.isEmpty() ? 0 : java.util.Collections.max(used) + 1) : id);
            instance.setModel(model);
            return instance;
        });

        DefaultRegistrationEngineFactory engine = new DefaultRegistrationEngineFactory();
        engine.setQueueMode(options.containsKey("queue"));
        engine.setReconnectOnUpdate(false);
        if (options.containsKey("timeout")) engine.setRequestTimeoutInMs(1000L * Integer.parseInt(options.get("timeout")));
        CaliforniumClientEndpointsProvider.Builder endpoints = new CaliforniumClientEndpointsProvider.Builder(
                new CoapClientProtocolProvider(), new CoapsClientProtocolProvider());
        Configuration configuration = endpoints.createDefaultConfiguration();
        if (options.containsKey("cid")) configuration.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, Integer.parseInt(options.get("cid")));
        configuration.set(CoapConfig.MAX_RESOURCE_BODY_SIZE, 1 << 20);
        endpoints.setConfiguration(configuration);
        LeshanClientBuilder builder = new LeshanClientBuilder(options.get("ep"));
        builder.setObjects(objects.createAll()).setRegistrationEngineFactory(engine).setEndpointsProviders(endpoints.build());
        builder.setDataSenders(collector);
        LeshanClient client = builder.build();
        client.addObserver(new LwM2mClientObserverAdapter() {
            @Override
            public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String id) {
                say("REGISTERED " + id);
            }

            @Override
            public void onRegistrationFailure(LwM2mServer s, RegisterRequest r, ResponseCode code, String message, Exception e) {
                say("REGISTER-FAILED " + code + " " + message + (e == null ? "" : " " + e));
            }

            @Override
            public void onRegistrationTimeout(LwM2mServer server, RegisterRequest request) {
                say("REGISTER-TIMEOUT");
            }

            @Override
            public void onUpdateSuccess(LwM2mServer server, UpdateRequest request) {
                say("UPDATED");
            }

            @Override
            public void onUpdateFailure(LwM2mServer s, UpdateRequest r, ResponseCode code, String message, Exception e) {
                say("UPDATE-FAILED " + code);
            }

            @Override
            public void onUpdateTimeout(LwM2mServer server, UpdateRequest request) {
                say("UPDATE-TIMEOUT");
            }

            @Override
            public void onUnexpectedError(Throwable error) {
                say("UNEXPECTED " + error);
            }

            @Override
            public void onDeregistrationSuccess(LwM2mServer server, DeregisterRequest request) {
                say("DEREGISTERED");
            }
        });
        client.start();
        Scanner in = new Scanner(System.in);
        while (in.hasNextLine()) {
            String[] words = in.nextLine().trim().split(" +");
            if (words[0].equals("stop")) break;
            if (words[0].equals("kill")) Runtime.getRuntime().halt(0);
            if (words[0].equals("update")) client.triggerRegistrationUpdate();
            if (words[0].equals("values")) allTypes.assume(words[1].equals("first") ? AllTypes.initial() : AllTypes.other());
            if (words[0].equals("collect")) {
                List<LwM2mPath> paths = new ArrayList<>();
                for (String path : Arrays.asList(words).subList(1, words.length)) paths.add(new LwM2mPath(path));
                collector.collectData(paths);
                say("COLLECTED");
            }
            for (LwM2mServer server : client.getRegisteredServers().values()) {
                if (words[0].equals("send")) {
                    List<String> paths = Arrays.asList(words).subList(2, words.length);
                    say("SENT " + client.getSendService().sendData(server, ContentFormat.fromName(words[1]), paths, 10_000).getCode());
                }
                if (words[0].equals("sendcollected")) {
                    collector.sendCollectedData(server, ContentFormat.fromName(words[1]), 10_000, false);
                }
            }
            if (words[0].equals("temp")) {
                temperature.value = Double.parseDouble(words[1]);
                temperature.fireResourceChange(5700);
            }
        }
        client.destroy(true);
        say("STOPPED");
        System.exit(0);
    }
}
