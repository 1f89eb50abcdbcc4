# Labels of the tests. A test has the label fast, which 'make check' runs, unless it stands here.

# Slow: more than a minute on two cores. Names are program/Suite.Test; * stands for any text.
set(OCTET_SLOW_TESTS
  adapt_test/Adapt.MendsRangesThatAreTooNarrow
  end_to_end_test/Compress.*
  end_to_end_test/Golden.MapOnCoco
  end_to_end_test/Quantize.CalibratesExportsAndRuns
  end_to_end_test/Quantize.TellsWhatLayersCostOfMap
  pruning_test/All/Yolov8.RemovalsChangeNoOutput/s_*
  pruning_test/All/Yolov8.RemovalsChangeNoOutput/m_*
  pruning_test/All/Yolov8.RemovalsChangeNoOutput/l_*
  pruning_test/All/Yolov8.RemovalsChangeNoOutput/x_*)

# Programs whose tests run alone, because they measure time, or because they use every core.
set(OCTET_SERIAL_PROGRAMS live_test profile_test service_test streams_test train_test)
