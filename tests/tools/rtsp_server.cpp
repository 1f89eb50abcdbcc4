// rtsp_server PORT WIDTH HEIGHT [FRAMES [USER PASSWORD]]: a camera for tests at rtsp://127.0.0.1:PORT/camera, 30
// frames a second, H.264: grey ones, or those of a file of raw I420 frames (- is none), again and again.
// With a user and a password it lets in nobody else. Each
// frame has the time at which it was made burned in: milliseconds of the monotonic clock, 24 bits
// as black and white blocks (see burned_time.h).
#include <gst/app/gstappsrc.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "burned_time.h"

namespace {

struct Picture {
  int width = 0, height = 0;
  std::string_view frames;  // one after the other; none: grey ones
  [[nodiscard]] size_t luma() const { return static_cast<size_t>(width) * height; }
  [[nodiscard]] size_t bytes() const { return luma() * 3 / 2; }
};
Picture g_picture;

void paint(uint8_t* to, int64_t number) {
  if (!g_picture.frames.empty()) {
    const size_t count = g_picture.frames.size() / g_picture.bytes();
    const size_t at = static_cast<size_t>(number) % count * g_picture.bytes();
    std::memcpy(to, g_picture.frames.data() + at, g_picture.bytes());
    return;
  }
  std::memset(to, 96 + static_cast<int>(number % 64), g_picture.luma());
  std::memset(to + g_picture.luma(), 128, g_picture.luma() / 2);
}

void need_frame(GstElement* source, guint, gpointer) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, g_picture.bytes(), nullptr);
  // The source asks for the next frame as soon as one is taken: this one's time is awaited here.
  static int64_t next = octet::monotonic_ms();
  while (octet::monotonic_ms() < next) g_usleep(500);
  next = std::max(next, octet::monotonic_ms() - 1000) + 33;
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  paint(map.data, next / 33);
  octet::burn_time(map.data, g_picture.width, octet::monotonic_ms());
  gst_buffer_unmap(buffer, &map);
  gst_app_src_push_buffer(GST_APP_SRC(source), buffer);
}

void configure(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer) {
  GstElement* bin = gst_rtsp_media_get_element(media);
  GstElement* source = gst_bin_get_by_name_recurse_up(GST_BIN(bin), "frames");
  GstCaps* caps = gst_caps_new_simple(
      "video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, g_picture.width,
      "height", G_TYPE_INT, g_picture.height, "framerate", GST_TYPE_FRACTION, 30, 1, nullptr);
  g_object_set(source, "caps", caps, "format", GST_FORMAT_TIME, "is-live", TRUE, "do-timestamp",
               TRUE, "max-bytes", guint64{1}, nullptr);
  gst_caps_unref(caps);
  g_signal_connect(source, "need-data", G_CALLBACK(need_frame), nullptr);
  gst_object_unref(source);
  gst_object_unref(bin);
}

// Who looks has to be this user; nobody else learns that there is a camera.
void require_login(GstRTSPServer* server, GstRTSPMediaFactory* factory, const char* user,
                   const char* password) {
  GstRTSPToken* token =
      gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", nullptr);
  gchar* basic = gst_rtsp_auth_make_basic(user, password);
  GstRTSPAuth* access = gst_rtsp_auth_new();
  gst_rtsp_auth_add_basic(access, basic, token);
  gst_rtsp_server_set_auth(server, access);
  gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                  G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                  G_TYPE_BOOLEAN, TRUE, nullptr);
  g_object_unref(access);
  g_free(basic);
  gst_rtsp_token_unref(token);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4 && count != 5 && count != 7) return 2;
  gst_init(nullptr, nullptr);
  g_picture = {std::atoi(arguments[2]), std::atoi(arguments[3]), {}};
  if (count >= 5 && std::string_view(arguments[4]) != "-") {
    GMappedFile* file = g_mapped_file_new(arguments[4], FALSE, nullptr);
    if (file == nullptr || g_mapped_file_get_length(file) < g_picture.bytes()) return 2;
    g_picture.frames = {g_mapped_file_get_contents(file), g_mapped_file_get_length(file)};
  }
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, "127.0.0.1");
  gst_rtsp_server_set_service(server, arguments[1]);
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(
      factory,
      "( appsrc name=frames ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 "
      "bitrate=1500 threads=1 ! rtph264pay name=pay0 pt=96 config-interval=1 )");
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  g_signal_connect(factory, "media-configure", G_CALLBACK(configure), nullptr);
  if (count == 7) require_login(server, factory, arguments[5], arguments[6]);
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, "/camera", factory);
  g_object_unref(mounts);
  if (gst_rtsp_server_attach(server, nullptr) == 0) return 1;
  g_main_loop_run(g_main_loop_new(nullptr, FALSE));
  return 0;
}
