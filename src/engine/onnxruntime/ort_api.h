// The functions of ONNX Runtime's C API that octet calls. The library has a table of functions
// whose places never change, since new ones are appended. Places and signatures are declared here,
// so no header of its version is needed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet {

// Opaque to octet.
struct OrtStatus;
struct OrtEnv;
struct OrtSession;
struct OrtSessionOptions;
struct OrtRunOptions;
struct OrtValue;
struct OrtTypeInfo;
struct OrtTensorInfo;
struct OrtMemoryInfo;
struct OrtAllocator;

struct OrtApiTable {
  void* functions[512];
};
struct OrtApiBase {
  const OrtApiTable* (*get_api)(uint32_t version);
  const char* (*version)();
};
inline constexpr uint32_t kOrtApiVersion = 16;  // ONNX Runtime 1.16 and later
inline constexpr int kOrtLogErrors = 3;
inline constexpr int kOrtOptimizeAll = 99;
inline constexpr int kOrtDeviceAllocator = 0, kOrtMemoryDefault = 0;
inline constexpr int kOrtFloat = 1, kOrtUint8 = 2, kOrtInt8 = 3;

// One function of the table, by its place.
template <size_t Place, typename Result, typename... Arguments>
struct OrtFunction {
  static Result call(const OrtApiTable& table, Arguments... arguments) {
    return reinterpret_cast<Result (*)(Arguments...)>(table.functions[Place])(arguments...);
  }
};

namespace ort {
template <size_t Place, typename... Arguments>
using Fallible = OrtFunction<Place, OrtStatus*, Arguments...>;
template <size_t Place, typename T>
using Release = OrtFunction<Place, void, T*>;

using GetErrorMessage = OrtFunction<2, const char*, const OrtStatus*>;
using CreateEnv = Fallible<3, int, const char*, OrtEnv**>;
using CreateSessionFromArray =
    Fallible<8, const OrtEnv*, const void*, size_t, const OrtSessionOptions*, OrtSession**>;
using Run = Fallible<9, OrtSession*, const OrtRunOptions*, const char* const*,
                     const OrtValue* const*, size_t, const char* const*, size_t, OrtValue**>;
using CreateSessionOptions = Fallible<10, OrtSessionOptions**>;
using SetOptimizedModelFilePath = Fallible<11, OrtSessionOptions*, const char*>;
using EnableProfiling = Fallible<14, OrtSessionOptions*, const char*>;
using SetGraphOptimizationLevel = Fallible<23, OrtSessionOptions*, int>;
using SetIntraOpThreads = Fallible<24, OrtSessionOptions*, int>;
using InputCount = Fallible<30, const OrtSession*, size_t*>;
using OutputCount = Fallible<31, const OrtSession*, size_t*>;
using InputTypeInfo = Fallible<33, const OrtSession*, size_t, OrtTypeInfo**>;
using OutputTypeInfo = Fallible<34, const OrtSession*, size_t, OrtTypeInfo**>;
using InputName = Fallible<36, const OrtSession*, size_t, OrtAllocator*, char**>;
using OutputName = Fallible<37, const OrtSession*, size_t, OrtAllocator*, char**>;
using CreateTensorWithData =
    Fallible<49, const OrtMemoryInfo*, void*, size_t, const int64_t*, size_t, int, OrtValue**>;
using GetTensorData = Fallible<51, OrtValue*, void**>;
using CastToTensorInfo = Fallible<55, const OrtTypeInfo*, const OrtTensorInfo**>;
using ElementTypeOf = Fallible<60, const OrtTensorInfo*, int*>;
using DimensionCount = Fallible<61, const OrtTensorInfo*, size_t*>;
using Dimensions = Fallible<62, const OrtTensorInfo*, int64_t*, size_t>;
using TensorInfoOf = Fallible<65, const OrtValue*, OrtTensorInfo**>;
using CreateCpuMemoryInfo = Fallible<69, int, int, OrtMemoryInfo**>;
using AllocatorFree = Fallible<76, OrtAllocator*, void*>;
using DefaultAllocator = Fallible<78, OrtAllocator**>;
using ReleaseEnv = Release<92, OrtEnv>;
using ReleaseStatus = Release<93, OrtStatus>;
using ReleaseMemoryInfo = Release<94, OrtMemoryInfo>;
using ReleaseSession = Release<95, OrtSession>;
using ReleaseValue = Release<96, OrtValue>;
using ReleaseTypeInfo = Release<98, OrtTypeInfo>;
using ReleaseTensorInfo = Release<99, OrtTensorInfo>;
using EndProfiling = Fallible<110, OrtSession*, OrtAllocator*, char**>;
using AddSessionConfigEntry = Fallible<130, OrtSessionOptions*, const char*, const char*>;
using ReleaseSessionOptions = Release<100, OrtSessionOptions>;
}  // namespace ort

}  // namespace octet
