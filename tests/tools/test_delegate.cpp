// A TensorFlow Lite delegate as a hardware maker ships one: a library with these two functions. It
// hands the operators to XNNPACK.
#include "engine/tflite/tflite_api.h"

namespace {

const octet::TfliteApi& api() {
  static const octet::TfliteApi loaded;
  return loaded;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) octet::TfLiteDelegate*
tflite_plugin_create_delegate(char**, char**, size_t, void (*)(const char*)) {
  octet::XnnpackOptions options = api().xnnpack_default();
  options.words[0] |=
      octet::kXnnpackSigned8 | octet::kXnnpackUnsigned8;  // as versions 2.19 to 2.21 have it
  return api().xnnpack_create(&options);
}

extern "C" __attribute__((visibility("default"))) void tflite_plugin_destroy_delegate(
    octet::TfLiteDelegate* delegate) {
  api().xnnpack_delete(delegate);
}
