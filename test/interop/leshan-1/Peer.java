// A device of LwM2M 1.0 of ours on the library of Eclipse Leshan's first line (EPL-2.0/EDL-1.0, fetched when the tests run,
// not part of this project).
// Arguments: ep=NAME url=coap://HOST:PORT models=FILE,FILE [lt=SECONDS] [queue]
// Standard input: update | temp VALUE | values first | values other | stop | kill.   Standard output: one event a line.
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import org.eclipse.leshan.client.californium.LeshanClient;
import org.eclipse.leshan.client.californium.LeshanClientBuilder;
import org.eclipse.leshan.client.engine.DefaultRegistrationEngineFactory;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.BaseInstanceEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.resource.SimpleInstanceEnabler;
import org.eclipse.leshan.client.servers.ServerIdentity;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.node.ObjectLink;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.request.DeregisterRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.request.UpdateRequest;
import org.eclipse.leshan.core.response.ExecuteResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.response.WriteResponse;

public class Peer {
    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** A sensor whose value is set from standard input. */
    public static class Temperature extends BaseInstanceEnabler {
        volatile double value = 20;

        @Override
        public ReadResponse read(ServerIdentity server, int resource) {
            if (resource == 5700) return ReadResponse.success(resource, value);
            if (resource == 5701) return ReadResponse.success(resource, "Cel");
            return super.read(server, resource);
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            return List.of(5700, 5701);
        }
    }

    /** One resource of every data type of LwM2M 1.0, single and multiple. */
    public static class AllTypes extends SimpleInstanceEnabler {
        public AllTypes() {}

        AllTypes(int id) {
            super(id, initial());
        }

        static Map<Integer, Object> initial() {
            Map<Integer, Object> values = new HashMap<>();
            values.put(110, "initial value");
            values.put(120, 1024L);
            values.put(130, 3.14159);
            values.put(140, true);
            values.put(150, new byte[] {1, 2, 3, 4, 5});
            values.put(160, new Date(946684800000L));
            values.put(170, new ObjectLink(3, 0));
            values.put(1110, Map.of(0, "one", 1, "two"));
            values.put(1120, Map.of(0, 1L, 1, -5L, 2, 4294967296L));
            values.put(1140, Map.of(0, true, 1, false));
            return values;
        }

        static Map<Integer, Object> other() {
            Map<Integer, Object> values = new HashMap<>();
            values.put(110, "gr\u00fc\u00dfe \ud83e\udd8a");
            // Nothing beyond 2^53: this line of Leshan writes whole numbers in JSON as doubles.
            values.put(120, -4294967297L);
            values.put(130, -2.5e-3);
            values.put(140, false);
            values.put(150, new byte[] {(byte) 0xff, (byte) 0xfe, (byte) 0xfd, (byte) 0xfc});
            values.put(160, Date.from(Instant.parse("2031-02-03T04:05:06Z")));
            values.put(170, new ObjectLink(1, 0));
            values.put(1120, Map.of(3, 7L, 4, -9007199254740991L));
            return values;
        }

        /** Takes other values on, and tells who observes them. */
        void assume(Map<Integer, Object> values) {
            fireResourcesChange(applyValues(values));
        }

        @Override
        public WriteResponse write(ServerIdentity server, int resource, LwM2mResource value) {
            say("WRITTEN " + resource + " " + value);
            return super.write(server, resource, value);
        }

        @Override
        public ExecuteResponse execute(ServerIdentity server, int resource, String arguments) {
            say("EXECUTED 3442 " + resource + " " + (arguments == null ? "" : arguments));
            return ExecuteResponse.success();
        }
    }

    /** The definitions in a file, without what LwM2M 1.0 has no type for. */
    static List<ObjectModel> definitions(String name) throws Exception {
        String xml = Files.readString(Path.of(name));
        String known = xml.replaceAll("(?s)<Item ID=\"\\d+\">(?:(?!</Item>).)*<Type>(?:Unsigned Integer|Corelnk)</Type>.*?</Item>", "");
        return ObjectLoader.loadDdfFile(new ByteArrayInputStream(known.getBytes(StandardCharsets.UTF_8)), name);
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (String arg : args) {
            String[] pair = arg.split("=", 2);
            options.put(pair[0], pair.length > 1 ? pair[1] : "");
        }
        List<ObjectModel> models = new ArrayList<>(ObjectLoader.loadDefault());
        for (String name : options.get("models").split(",")) models.addAll(definitions(name));
        Temperature temperature = new Temperature();
        AllTypes allTypes = new AllTypes(0);
        BindingMode binding = options.containsKey("queue") ? BindingMode.UQ : BindingMode.U;
        ObjectsInitializer objects = new ObjectsInitializer(new StaticModel(models));
        objects.setInstancesForObject(0, Security.noSec(options.get("url"), 123));
        objects.setInstancesForObject(1, new Server(123, Integer.parseInt(options.getOrDefault("lt", "300")), binding, true));
        objects.setInstancesForObject(3, new Device("Leshan", "1.5", "0001", binding.toString()));
        objects.setInstancesForObject(3303, temperature);
        objects.setInstancesForObject(3442, allTypes);
        objects.setFactoryForObject(3442, (model, id, used) -> {
            AllTypes instance = new AllTypes(id == null ? (used.isEmpty() ? 0 : java.util.Collections.max(used) + 1) : id);
            instance.setModel(model);
            return instance;
        });

        DefaultRegistrationEngineFactory engine = new DefaultRegistrationEngineFactory();
        engine.setReconnectOnUpdate(false);
        LeshanClientBuilder builder = new LeshanClientBuilder(options.get("ep"));
        builder.setObjects(objects.createAll()).setRegistrationEngineFactory(engine);
        LeshanClient client = builder.build();
        client.addObserver(new LwM2mClientObserverAdapter() {
            @Override
            public void onRegistrationSuccess(ServerIdentity server, RegisterRequest request, String id) {
                say("REGISTERED " + id);
            }

            @Override
            public void onRegistrationFailure(ServerIdentity s, RegisterRequest r, ResponseCode code, String message, Exception e) {
                say("REGISTER-FAILED " + code + " " + message);
            }

            @Override
            public void onRegistrationTimeout(ServerIdentity server, RegisterRequest request) {
                say("REGISTER-TIMEOUT");
            }

            @Override
            public void onUpdateSuccess(ServerIdentity server, UpdateRequest request) {
                say("UPDATED");
            }

            @Override
            public void onUpdateFailure(ServerIdentity s, UpdateRequest r, ResponseCode code, String message, Exception e) {
                say("UPDATE-FAILED " + code);
            }

            @Override
            public void onUpdateTimeout(ServerIdentity server, UpdateRequest request) {
                say("UPDATE-TIMEOUT");
            }

            @Override
            public void onDeregistrationSuccess(ServerIdentity server, DeregisterRequest request) {
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
            if (words[0].equals("temp")) {
                temperature.value = Double.parseDouble(words[1]);
                temperature.fireResourcesChange(5700);
            }
        }
        client.destroy(true);
        say("STOPPED");
        System.exit(0);
    }
}
