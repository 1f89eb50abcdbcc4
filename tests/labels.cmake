# Labels of the tests. A test has the label fast, which 'make check' runs, unless it stands here.

# Slow: more than a minute on two cores. Names are program/Suite.Test; * stands for any text.
set(OCTET_SLOW_TESTS
  end_to_end_test/Golden.MapOnCoco
  end_to_end_test/Quantize.CalibratesExportsAndRuns
  end_to_end_test/Quantize.TellsWhatLayersCostOfMap)

# Programs whose tests run alone, because they measure time, or because they use every core.
set(OCTET_SERIAL_PROGRAMS live_test service_test streams_test train_test)
