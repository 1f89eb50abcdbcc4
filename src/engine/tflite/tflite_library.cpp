#include <dlfcn.h>

#include <filesystem>

#include "core/error.h"
#include "core/installation.h"
#include "engine/tflite/tflite_api.h"

namespace octet {
namespace {

// Beside this module first, then wherever the system keeps it.
void* open_library(std::string& name) {
  const std::string candidates[] = {(own_folder() / "libtensorflowlite_c.so").string(),
                                    "libtensorflowlite_c.so", "libtensorflow-lite.so.2"};
  std::string reasons;
  for (const std::string& candidate : candidates) {
    if (candidate.front() == '/' && !std::filesystem::exists(candidate)) continue;
    if (void* library = ::dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      name = candidate;
      return library;
    }
    reasons = ::dlerror();
  }
  fail(
      "engine tflite: TensorFlow Lite's library cannot be loaded ({}); run 'make engines' in "
      "octet's folder, which fetches it, or put a libtensorflowlite_c.so beside the module",
      reasons);
}

}  // namespace

TfliteApi::TfliteApi() {
  void* handle = open_library(library);
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
  };
  const auto need = [&](auto& function, const char* name) {
    find(function, name);
    if (function == nullptr)
      fail("engine tflite: {} lacks {}; it is too old or not TensorFlow Lite's C library", library,
           name);
  };
  need(version, "TfLiteVersion");
  need(model_create, "TfLiteModelCreate");
  need(model_delete, "TfLiteModelDelete");
  need(options_create, "TfLiteInterpreterOptionsCreate");
  need(options_delete, "TfLiteInterpreterOptionsDelete");
  need(options_set_threads, "TfLiteInterpreterOptionsSetNumThreads");
  need(options_add_delegate, "TfLiteInterpreterOptionsAddDelegate");
  need(options_set_reporter, "TfLiteInterpreterOptionsSetErrorReporter");
  need(interpreter_create, "TfLiteInterpreterCreate");
  need(interpreter_delete, "TfLiteInterpreterDelete");
  need(allocate, "TfLiteInterpreterAllocateTensors");
  need(invoke, "TfLiteInterpreterInvoke");
  need(input_count, "TfLiteInterpreterGetInputTensorCount");
  need(input, "TfLiteInterpreterGetInputTensor");
  need(output_count, "TfLiteInterpreterGetOutputTensorCount");
  need(output, "TfLiteInterpreterGetOutputTensor");
  need(tensor_type, "TfLiteTensorType");
  need(tensor_rank, "TfLiteTensorNumDims");
  need(tensor_dim, "TfLiteTensorDim");
  need(tensor_data, "TfLiteTensorData");
  need(tensor_name, "TfLiteTensorName");
  need(tensor_quantization, "TfLiteTensorQuantizationParams");
  find(xnnpack_default, "TfLiteXNNPackDelegateOptionsDefault");
  find(xnnpack_create, "TfLiteXNNPackDelegateCreate");
  find(xnnpack_delete, "TfLiteXNNPackDelegateDelete");
  find(xnnpack_flags, "TfLiteXNNPackDelegateGetFlags");
  find(external_default, "TfLiteExternalDelegateOptionsDefault");
  find(external_create, "TfLiteExternalDelegateCreate");
  find(external_delete, "TfLiteExternalDelegateDelete");
  find(options_set_profiler, "TfLiteInterpreterOptionsSetTelemetryProfiler");
  // tflite::LoggerOptions::SetMinimumLogSeverity, which has no C function: else every delegate that
  // is made says so on standard error.
  int (*set_least_severity)(int) = nullptr;
  find(set_least_severity, "_ZN6tflite13LoggerOptions21SetMinimumLogSeverityENS_11LogSeverityE");
  if (set_least_severity != nullptr) set_least_severity(kTfLiteWarning);
}

}  // namespace octet
