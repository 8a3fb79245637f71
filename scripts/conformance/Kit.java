import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.FileReader;
import java.util.Properties;
import java.util.TreeMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the scenarios of the kit, one line each: `passed`, `failed` or `skipped`, a tab, its name, and why. The kit's own launcher is not published. */
class Kit {
  public static void main(String[] arguments) throws Exception {
    var properties = new Properties();
    try (var reader = new FileReader(arguments[0])) {
      properties.load(reader);
    }
    var parameters = new TreeMap<String, String>();
    properties.forEach((name, value) -> parameters.put((String) name, (String) value));
    var request = LauncherDiscoveryRequestBuilder.request()
        .selectors(selectPackage("org.eclipse.dataspacetck.dsp.verification"))
        .configurationParameters(parameters)
        .build();
    LauncherFactory.create().execute(request, new TestExecutionListener() {
      @Override
      public void executionSkipped(TestIdentifier test, String reason) {
        tell("skipped", test, reason);
      }

      @Override
      public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (test.isContainer() && result.getThrowable().isEmpty()) return;
        var passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
        tell(passed ? "passed" : "failed", test, result.getThrowable().map(Throwable::toString).orElse(""));
      }

      private void tell(String outcome, TestIdentifier test, String why) {
        System.out.println("RESULT\t" + outcome + "\t" + test.getDisplayName() + "\t" + why.replaceAll("\\s+", " "));
      }
    });
    System.exit(0);
  }
}
