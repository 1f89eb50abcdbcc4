// The functions of TensorFlow Lite's C API that octet calls. They are found in the installed
// library, since no package has a complete set of headers and a device often has its own library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace octet {

// Opaque to octet.
struct TfLiteModel;
struct TfLiteInterpreter;
struct TfLiteInterpreterOptions;
struct TfLiteDelegate;
struct TfLiteTensor;

struct TfLiteQuantizationParams {
  float scale;
  int32_t zero_point;
};

inline constexpr int kTfLiteWarning = 2;  // a severity
enum TfLiteStatus : int { kTfLiteOk = 0 };
enum TfLiteType : int { kTfLiteFloat32 = 1, kTfLiteUInt8 = 3, kTfLiteInt8 = 9 };

// Larger than the options of every known version. The words after the number of threads are
// `flags`, or `runtime_flags` and `flags`, by version.
struct XnnpackOptions {
  int32_t threads;
  uint32_t words[63];
};
inline constexpr uint32_t kXnnpackSigned8 = 1, kXnnpackUnsigned8 = 2;

// Larger than the options of every known version.
struct ExternalDelegateOptions {
  const char* library;
  int count;
  const char* keys[256];
  const char* values[256];
  void* insert;
  void* reserved[8];
};

// Calls of an interpreter that is profiled, on the thread that runs it. An operator of a delegate
// comes with its time; of others the beginning and the end are told.
struct TfLiteTelemetryProfiler {
  void* data;
  void (*event)(TfLiteTelemetryProfiler*, const char* name, uint64_t status);
  void (*operator_event)(TfLiteTelemetryProfiler*, const char* name, int64_t index,
                         int64_t subgraph, uint64_t status);
  void (*settings)(TfLiteTelemetryProfiler*, const char* name, const void* settings);
  uint32_t (*begin)(TfLiteTelemetryProfiler*, const char* name, int64_t index, int64_t subgraph);
  void (*end)(TfLiteTelemetryProfiler*, uint32_t handle);  // what `begin` returned
  void (*done)(TfLiteTelemetryProfiler*, const char* name, uint64_t microseconds, int64_t index,
               int64_t subgraph);
};

struct TfliteApi {
  TfliteApi();  // throws a sentence with the package to install

  std::string library;  // its file

  const char* (*version)();
  TfLiteModel* (*model_create)(const void* data, size_t bytes);
  void (*model_delete)(TfLiteModel*);
  TfLiteInterpreterOptions* (*options_create)();
  void (*options_delete)(TfLiteInterpreterOptions*);
  void (*options_set_threads)(TfLiteInterpreterOptions*, int32_t);
  void (*options_add_delegate)(TfLiteInterpreterOptions*, TfLiteDelegate*);
  void (*options_set_reporter)(TfLiteInterpreterOptions*,
                               void (*)(void* user, const char* format, __builtin_va_list), void*);
  TfLiteInterpreter* (*interpreter_create)(const TfLiteModel*, const TfLiteInterpreterOptions*);
  void (*interpreter_delete)(TfLiteInterpreter*);
  TfLiteStatus (*allocate)(TfLiteInterpreter*);
  TfLiteStatus (*invoke)(TfLiteInterpreter*);
  int32_t (*input_count)(const TfLiteInterpreter*);
  TfLiteTensor* (*input)(const TfLiteInterpreter*, int32_t);
  int32_t (*output_count)(const TfLiteInterpreter*);
  const TfLiteTensor* (*output)(const TfLiteInterpreter*, int32_t);
  TfLiteType (*tensor_type)(const TfLiteTensor*);
  int32_t (*tensor_rank)(const TfLiteTensor*);
  int32_t (*tensor_dim)(const TfLiteTensor*, int32_t);
  void* (*tensor_data)(const TfLiteTensor*);
  const char* (*tensor_name)(const TfLiteTensor*);
  TfLiteQuantizationParams (*tensor_quantization)(const TfLiteTensor*);

  // Absent in some libraries.
  XnnpackOptions (*xnnpack_default)() = nullptr;
  TfLiteDelegate* (*xnnpack_create)(const XnnpackOptions*) = nullptr;
  void (*xnnpack_delete)(TfLiteDelegate*) = nullptr;
  int (*xnnpack_flags)(TfLiteDelegate*) = nullptr;
  ExternalDelegateOptions (*external_default)(const char* library) = nullptr;
  TfLiteDelegate* (*external_create)(const ExternalDelegateOptions*) = nullptr;
  void (*external_delete)(TfLiteDelegate*) = nullptr;
  void (*options_set_profiler)(TfLiteInterpreterOptions*, TfLiteTelemetryProfiler*) = nullptr;
};

}  // namespace octet
